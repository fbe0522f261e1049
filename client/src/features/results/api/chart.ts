/** What a chart is drawn from: groups, rows or a histogram, as its specification needs. */
import { queryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import type { ResultColumn, ResultRows } from "@/api/types";
import { type Cell, asCell, asPlotted, formatCell, isNumber, isTime } from "../model/cells";
import { type Aggregate, type Chart, aggregateOf, measureName } from "../model/chart";
import type { Histogram } from "./column";
import { resultPath } from "./result";

/** Marks that a chart of rows shows; of more, those that lie evenly between the first and the last. */
const MAX_SAMPLE = 5_000;
const MAX_GROUPS = 1_000;
const DEFAULT_BINS = 30;

/** One mark: where it is drawn, and what it says, exact. */
export interface Mark {
  /** A number, a moment in milliseconds, or a name. */
  readonly x: number | string | null;
  readonly xEnd: number | null;
  readonly xText: string;
  readonly y: number | string | null;
  readonly yText: string;
  readonly series: string | null;
  readonly value: number | null;
  readonly valueText: string | null;
}

export interface Marks {
  readonly marks: readonly Mark[];
  /** That it is not all, in words. */
  readonly note: string | null;
}

interface Grouped {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly unknown[][];
  readonly groups: number;
  readonly complete: boolean;
}

export const chartQuery = (chart: Chart, columns: readonly ResultColumn[], generation: string) =>
  queryOptions({
    queryKey: ["results", chart.result, "chart", generation, { ...chart, title: null }],
    queryFn: ({ signal }) => marksOf(chart, columns, signal),
    staleTime: Infinity,
    structuralSharing: false,
  });

async function marksOf(chart: Chart, columns: readonly ResultColumn[], signal: AbortSignal): Promise<Marks> {
  switch (chart.kind) {
    case "histogram":
      return histogramMarks(chart, columns, signal);
    case "heatmap":
      return heatMarks(chart, columns, signal);
    case "scatter":
      return sampleMarks(chart, columns, { x: chart.x?.column ?? 0, y: chart.y.flatMap(({ column }) => column ?? []) }, signal);
    case "points":
      return sampleMarks(chart, columns, { x: chart.longitude?.column ?? 0, y: [chart.latitude?.column ?? 0] }, signal);
    default:
      if (chart.y.some((measure) => aggregateOf(measure) !== "none")) return groupMarks(chart, columns, signal);
      return sampleMarks(chart, columns, { x: chart.x?.column ?? 0, y: chart.y.flatMap(({ column }) => column ?? []) }, signal);
  }
}

function ask<T>(chart: Chart, what: string, members: Record<string, string>, signal: AbortSignal): Promise<T> {
  const query = new URLSearchParams({ ...members, ...(chart.filter !== null && { filter: JSON.stringify(chart.filter) }) });
  return json<T>(`${resultPath(chart.result)}/${what}?${query}`, { signal });
}

function text(cell: Cell, column: ResultColumn | undefined): string {
  if (cell === null) return "NULL";
  if (cell === "") return "(empty)";
  return column === undefined ? String(cell) : formatCell(cell, column);
}

/** Where a value lies on an axis: numbers and moments by size, all else by name. */
function placeOf(cell: Cell, column: ResultColumn | undefined): number | string | null {
  if (column !== undefined && (isNumber(column) || isTime(column))) return asPlotted(cell, column);
  return text(cell, column);
}

async function histogramMarks(chart: Chart, columns: readonly ResultColumn[], signal: AbortSignal): Promise<Marks> {
  const at = chart.x?.column ?? 0;
  const column = columns[at];
  const { bins, nulls, others } = await ask<Histogram>(chart, `columns/${at}/histogram`, { bins: String(chart.x?.bins ?? DEFAULT_BINS) }, signal);
  const left = nulls + others;
  return {
    marks: bins.map(({ from, to, count }) => ({
      x: placeOf(from, column),
      xEnd: asPlottedEnd(to, column),
      xText: `${text(from, column)} to ${text(to, column)}`,
      y: count,
      yText: String(count),
      series: null,
      value: null,
      valueText: null,
    })),
    note: left === 0 ? null : `${left} rows without a number are not shown`,
  };
}

function asPlottedEnd(cell: Cell, column: ResultColumn | undefined): number | null {
  return column === undefined ? null : asPlotted(cell, column);
}

const none: Mark = { x: null, xEnd: null, xText: "", y: null, yText: "", series: null, value: null, valueText: null };

async function sampleMarks(chart: Chart, columns: readonly ResultColumn[], axes: { x: number; y: readonly number[] }, signal: AbortSignal): Promise<Marks> {
  const places = [axes.x, ...axes.y, ...[chart.color?.column, chart.size?.column].filter((each) => each != null)];
  const members = { columns: [...new Set(places)].join(","), limit: String(Math.min(chart.limit ?? MAX_SAMPLE, MAX_SAMPLE)) };
  const answer = await ask<ResultRows>(chart, "sample", members, signal);
  const cellAt = (row: readonly unknown[], place: number | null | undefined): Cell => (place == null ? null : asCell(row[answer.columns.indexOf(place)]));
  const xColumn = columns[axes.x];
  const marks = answer.rows.flatMap((row) =>
    axes.y.map((place): Mark => {
      const [x, y, size] = [cellAt(row, axes.x), cellAt(row, place), cellAt(row, chart.size?.column)];
      const color = chart.color?.column == null ? null : text(cellAt(row, chart.color.column), columns[chart.color.column]);
      const series = axes.y.length > 1 ? [color, columns[place]?.name].filter((part) => part != null).join(" · ") : color;
      const sizeColumn = chart.size == null ? undefined : columns[chart.size.column];
      return {
        ...none,
        x: placeOf(x, xColumn),
        xText: text(x, xColumn),
        y: placeOf(y, columns[place]),
        yText: text(y, columns[place]),
        series,
        value: sizeColumn === undefined ? null : asPlotted(size, sizeColumn),
        valueText: sizeColumn === undefined ? null : text(size, sizeColumn),
      };
    }),
  );
  return {
    marks,
    note:
      answer.rows.length < answer.total ? `${answer.rows.length.toLocaleString("en-US")} of ${answer.total.toLocaleString("en-US")} rows, evenly spaced` : null,
  };
}

/** As much of a moment as says its group: the rest is the group's beginning. */
const UNIT_CHARS: Record<NonNullable<NonNullable<Chart["x"]>["unit"]>, number> = { year: 4, quarter: 7, month: 7, week: 10, day: 10, hour: 16, minute: 16 };

function measureOf(aggregate: Aggregate, column: number | null): string {
  if (column === null || aggregate === "none") return "count";
  return `${aggregate}:${column}`;
}

/** How an axis of groups is asked for. */
function groupOf(axis: { column: number; unit?: string | null; bins?: number | null }): string {
  if (axis.unit != null) return `${axis.column}:${axis.unit}`;
  return axis.bins != null ? `${axis.column}:bins:${axis.bins}` : String(axis.column);
}

async function groupMarks(chart: Chart, columns: readonly ResultColumn[], signal: AbortSignal): Promise<Marks> {
  const x = chart.x ?? { column: 0, unit: null, bins: null };
  const color = chart.color?.column ?? null;
  const isBinned = x.bins !== null && x.unit === null;
  const groupWidth = (isBinned ? 2 : 1) + (color === null ? 0 : 1);
  const sorted = chart.sort === null ? null : `${chart.sort.endsWith("y") ? groupWidth : 0}:${chart.sort.startsWith("-") ? "desc" : "asc"}`;
  const limit = Math.min(chart.limit ?? MAX_GROUPS, MAX_GROUPS);
  const answer = await ask<Grouped>(
    chart,
    "aggregate",
    {
      group: [groupOf(x), ...(color === null ? [] : [String(color)])].join(","),
      measures: chart.y.map((measure) => measureOf(aggregateOf(measure), measure.column)).join(","),
      limit: String(limit),
      ...(sorted !== null && { sort: sorted }),
    },
    signal,
  );
  const marks = answer.rows.flatMap((row) =>
    chart.y.map((measure, index): Mark => {
      const [from, to] = [asCell(row[0]), isBinned ? asCell(row[1]) : null];
      const y = asCell(row[groupWidth + index]);
      const colorText = color === null ? null : text(asCell(row[groupWidth - 1]), columns[color]);
      const series = chart.y.length > 1 ? [colorText, measureName(measure, columns)].filter((part) => part !== null).join(" · ") : colorText;
      return {
        ...none,
        x: placeOf(from, answer.columns[0]),
        xEnd: isBinned ? asPlottedEnd(to, answer.columns[1]) : null,
        xText:
          x.unit !== null
            ? text(from, answer.columns[0]).slice(0, UNIT_CHARS[x.unit])
            : isBinned
              ? `${text(from, answer.columns[0])} to ${text(to, answer.columns[1])}`
              : text(from, answer.columns[0]),
        y: answer.columns[groupWidth + index] === undefined ? null : asPlotted(y, answer.columns[groupWidth + index] as ResultColumn),
        yText: text(y, answer.columns[groupWidth + index]),
        series,
      };
    }),
  );
  return { marks, note: noteOf(answer) };
}

async function heatMarks(chart: Chart, columns: readonly ResultColumn[], signal: AbortSignal): Promise<Marks> {
  const x = chart.x ?? { column: 0, unit: null, bins: null };
  const y = chart.y[0]?.column ?? 0;
  const answer = await ask<Grouped>(
    chart,
    "aggregate",
    {
      group: `${groupOf({ column: x.column, unit: x.unit })},${y}`,
      measures: measureOf(chart.color?.aggregate ?? "count", chart.color?.column ?? null),
      limit: String(MAX_GROUPS),
    },
    signal,
  );
  const marks = answer.rows.map((row): Mark => {
    const [a, b, value] = [asCell(row[0]), asCell(row[1]), asCell(row[2])];
    const valueColumn = answer.columns[2];
    return {
      ...none,
      x: text(a, answer.columns[0]),
      xText: text(a, answer.columns[0]),
      y: text(b, columns[y]),
      yText: text(b, columns[y]),
      value: valueColumn === undefined ? null : asPlotted(value, valueColumn),
      valueText: text(value, valueColumn),
    };
  });
  return { marks, note: noteOf(answer) };
}

function noteOf({ rows, groups, complete }: Grouped): string | null {
  if (!complete) return "There are too many groups: those that came first are counted";
  return rows.length < groups ? `${rows.length.toLocaleString("en-US")} of ${groups.toLocaleString("en-US")} groups` : null;
}
