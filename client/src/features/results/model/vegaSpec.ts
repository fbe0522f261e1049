/** A chart in the words of Vega-Lite. */
import type { ResultColumn } from "@/api/types";
import type { TopLevelSpec } from "vega-lite";
import type { Mark } from "../api/chart";
import { isNumber, isTime } from "./cells";
import { type Chart, aggregateOf, measureName } from "./chart";

export interface Look {
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
  readonly ground: string;
  readonly palette: readonly string[];
  readonly font: string;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Names on an axis beyond this are tilted. */
const FEW_NAMES = 8;
const MAX_LABEL_PX = 140;

export function vegaSpec(chart: Chart, columns: readonly ResultColumn[], marks: readonly Mark[], look: Look, { width, height }: Size): TopLevelSpec {
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    width,
    height,
    autosize: { type: "fit", contains: "padding" },
    background: "transparent",
    ...(chart.title !== null && { title: { text: chart.title, anchor: "start" as const } }),
    data: { values: marks as unknown as Record<string, unknown>[] },
    ...layerOf(chart, columns, marks),
    config: configOf(look),
  } as TopLevelSpec;
}

type Encoding = Record<string, unknown>;

function layerOf(chart: Chart, columns: readonly ResultColumn[], marks: readonly Mark[]): { mark: unknown; encoding: Encoding } {
  const xName = columns[(chart.kind === "points" ? chart.longitude?.column : chart.x?.column) ?? 0]?.name ?? "";
  const yName =
    chart.kind === "histogram"
      ? "rows"
      : chart.kind === "points"
        ? (columns[chart.latitude?.column ?? 0]?.name ?? "")
        : chart.y.map((measure) => measureName(measure, columns)).join(", ");
  const hasSeries = marks.some(({ series }) => series !== null);
  const seriesName = chart.color?.column == null ? "" : (columns[chart.color.column]?.name ?? "");
  const color = hasSeries
    ? { color: { field: "series", type: "nominal", title: seriesName, legend: { orient: "bottom", columns: 3, labelLimit: MAX_LABEL_PX } } }
    : {};
  const tooltip = [
    { field: "xText", type: "nominal", title: xName },
    { field: "yText", type: "nominal", title: yName },
    ...(hasSeries ? [{ field: "series", type: "nominal", title: seriesName === "" ? "series" : seriesName }] : []),
    ...(marks.some(({ valueText }) => valueText !== null) ? [{ field: "valueText", type: "nominal", title: valueName(chart, columns) }] : []),
  ];
  const x = { field: "x", title: xName, ...xScale(chart, columns, marks) };
  const y = { field: "y", type: "quantitative", title: yName };
  switch (chart.kind) {
    case "histogram":
      return { mark: { type: "bar", binSpacing: 1 }, encoding: { x: { ...x, bin: { binned: true } }, x2: { field: "xEnd" }, y, tooltip } };
    case "bar": {
      const isBinned = marks.some(({ xEnd }) => xEnd !== null);
      const beside = hasSeries && chart.stack !== true && chart.y.length > 1 ? { xOffset: { field: "series" } } : {};
      return {
        mark: { type: "bar" },
        encoding: {
          x: isBinned ? { ...x, bin: { binned: true } } : x,
          ...(isBinned && { x2: { field: "xEnd" } }),
          y: { ...y, stack: chart.stack === false ? null : "zero" },
          ...color,
          ...beside,
          tooltip,
        },
      };
    }
    case "line":
      return { mark: { type: "line", point: marks.length <= 60 }, encoding: { x, y: { ...y, scale: { zero: false } }, ...color, tooltip } };
    case "area":
      return {
        mark: { type: "area", opacity: 0.75, line: true },
        encoding: { x, y: { ...y, stack: chart.stack === false ? null : "zero" }, ...color, tooltip },
      };
    case "heatmap":
      return {
        mark: { type: "rect" },
        encoding: {
          x: { field: "x", type: "ordinal", title: xName, axis: { labelLimit: MAX_LABEL_PX, labelOverlap: true } },
          y: { field: "y", type: "ordinal", title: columns[chart.y[0]?.column ?? 0]?.name ?? "" },
          color: { field: "value", type: "quantitative", title: valueName(chart, columns) },
          tooltip,
        },
      };
    case "scatter":
    case "points":
      return {
        mark: { type: "circle", opacity: 0.65 },
        encoding: {
          x: { ...x, scale: { zero: false } },
          y: { ...y, type: isName(marks, "y") ? "nominal" : "quantitative", scale: { zero: false } },
          ...color,
          ...(chart.size !== null && { size: { field: "value", type: "quantitative", title: columns[chart.size.column]?.name ?? "" } }),
          tooltip,
        },
      };
    default:
      return chart.kind satisfies never;
  }
}

function valueName(chart: Chart, columns: readonly ResultColumn[]): string {
  if (chart.kind !== "heatmap") return chart.size === null ? "" : (columns[chart.size.column]?.name ?? "");
  return measureName(
    { column: chart.color?.column ?? null, aggregate: aggregateOf({ column: chart.color?.column ?? null, aggregate: chart.color?.aggregate ?? null }) },
    columns,
  );
}

function isName(marks: readonly Mark[], axis: "x" | "y"): boolean {
  return marks.some((mark) => typeof mark[axis] === "string");
}

function xScale(chart: Chart, columns: readonly ResultColumn[], marks: readonly Mark[]): Encoding {
  const column = columns[(chart.kind === "points" ? chart.longitude?.column : chart.x?.column) ?? 0];
  const names = chart.kind === "bar" || isName(marks, "x");
  // Bars stand for days or months as names do: side by side.
  if (column !== undefined && isTime(column) && chart.kind === "bar" && marks.every(({ xEnd }) => xEnd === null)) {
    return { field: "xText", type: "nominal", sort: null, axis: { labelLimit: MAX_LABEL_PX, labelAngle: -40, labelOverlap: true } };
  }
  if (column !== undefined && isTime(column) && !isName(marks, "x")) {
    // Moments are drawn as the host says them, in no other zone.
    return { type: "temporal", scale: { type: "utc" } };
  }
  if (column !== undefined && isNumber(column) && (!names || marks.some(({ xEnd }) => xEnd !== null))) return { type: "quantitative", scale: { zero: false } };
  const few = new Set(marks.map(({ x }) => x)).size <= FEW_NAMES;
  // In the order that the host gave.
  return { type: "nominal", sort: null, axis: { labelLimit: MAX_LABEL_PX, labelAngle: few ? 0 : -40, labelOverlap: true } };
}

function configOf({ ink, soft, line, palette, font }: Look): Record<string, unknown> {
  return {
    font,
    view: { stroke: null },
    axis: {
      labelColor: soft,
      titleColor: soft,
      gridColor: line,
      domainColor: line,
      tickColor: line,
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: 550,
    },
    legend: { labelColor: soft, titleColor: soft, labelFontSize: 12, titleFontSize: 12 },
    title: { color: ink, fontSize: 14, fontWeight: 650 },
    range: { category: [...palette], heatmap: { scheme: "oranges" }, ramp: [line, palette[0] ?? ink] },
    bar: { fill: palette[0] },
    line: { stroke: palette[0], strokeWidth: 2 },
    area: { fill: palette[0] },
    circle: { fill: palette[0] },
    point: { fill: palette[0], filled: true },
  };
}
