/** What a chart shows of a result: the specification that the agent makes or a person in the panel. */
import * as v from "valibot";
import type { ResultColumn } from "@/api/types";
import { isNumber, isTime } from "./cells";
import type { Condition } from "./view";

export const chartKinds = ["bar", "line", "area", "scatter", "histogram", "heatmap", "points"] as const;
export type ChartKind = (typeof chartKinds)[number];
export const aggregates = ["none", "count", "distinct", "sum", "mean", "min", "max", "median"] as const;
export type Aggregate = (typeof aggregates)[number];
export const timeUnits = ["year", "quarter", "month", "week", "day", "hour", "minute"] as const;

const place = v.pipe(v.number(), v.integer(), v.minValue(0));
const one = v.object({ column: place });

const chartSchema = v.object({
  result: v.string(),
  kind: v.picklist(chartKinds),
  title: v.nullish(v.string(), null),
  x: v.nullish(
    v.object({ column: place, unit: v.nullish(v.picklist(timeUnits), null), bins: v.nullish(v.pipe(v.number(), v.minValue(1), v.maxValue(200)), null) }),
    null,
  ),
  y: v.nullish(v.pipe(v.array(v.object({ column: v.nullish(place, null), aggregate: v.nullish(v.picklist(aggregates), null) })), v.maxLength(16)), []),
  color: v.nullish(v.object({ column: v.nullish(place, null), aggregate: v.nullish(v.picklist(aggregates), null) }), null),
  size: v.nullish(one, null),
  latitude: v.nullish(one, null),
  longitude: v.nullish(one, null),
  stack: v.nullish(v.boolean(), null),
  sort: v.nullish(v.picklist(["x", "-x", "y", "-y"]), null),
  limit: v.nullish(v.pipe(v.number(), v.minValue(1)), null),
  filter: v.nullish(v.unknown(), null),
});

type Parsed = v.InferOutput<typeof chartSchema>;
export type Chart = Omit<Parsed, "filter"> & { readonly filter: Condition | null };

/** `null`: it is no chart that this page knows. */
export function readChart(said: unknown): Chart | null {
  const parsed = v.safeParse(chartSchema, said);
  return parsed.success ? (parsed.output as Chart) : null;
}

/** How a measure is made where nobody says: rows as they are, or their number. */
export function aggregateOf({ column, aggregate }: { column: number | null; aggregate: Aggregate | null }): Aggregate {
  return aggregate ?? (column === null ? "count" : "none");
}

const GROUPS = 30;

/** A chart that tells something of most tables, to begin with. */
export function suggestChart(result: string, columns: readonly ResultColumn[], filter: Condition | null): Chart {
  const find = (fits: (column: ResultColumn) => boolean, not: number | null = null): number | null => {
    const at = columns.findIndex((column, index) => index !== not && fits(column));
    return at === -1 ? null : at;
  };
  const time = find(isTime);
  const text = find(({ type }) => type === "string" || type === "boolean");
  const x = time ?? text ?? find(isNumber) ?? 0;
  // A sum of what only names rows says nothing.
  const y = find((column) => isNumber(column) && !/(?:^|_)(?:id|key|zip|code|year)$/i.test(column.name), x);
  const base: Chart = {
    result,
    kind: time === null ? "bar" : "line",
    title: null,
    x: { column: x, unit: null, bins: null },
    y: [y === null ? { column: null, aggregate: "count" } : { column: y, aggregate: "sum" }],
    color: null,
    size: null,
    latitude: null,
    longitude: null,
    stack: null,
    sort: null,
    limit: null,
    filter,
  };
  if (time !== null) return { ...base, x: { column: x, unit: "day", bins: null } };
  if (text === null) return { ...base, kind: "histogram", y: [] };
  return { ...base, sort: "-y", limit: GROUPS };
}

/** The same chart as another kind, with what that one needs. */
export function asKind(chart: Chart, kind: ChartKind, columns: readonly ResultColumn[]): Chart {
  const numbers = columns.flatMap((column, at) => (isNumber(column) ? [at] : []));
  const x = chart.x ?? { column: 0, unit: null, bins: null };
  switch (kind) {
    case "scatter": {
      const isX = numbers.includes(x.column) || isTime(columns[x.column] ?? { name: "", type: "" });
      const xColumn = isX ? x.column : (numbers[0] ?? x.column);
      const yColumn = numbers.find((at) => at !== xColumn) ?? xColumn;
      return { ...chart, kind, x: { column: xColumn, unit: null, bins: null }, y: [{ column: chart.y[0]?.column ?? yColumn, aggregate: "none" }] };
    }
    case "histogram": {
      const fits = numbers.includes(x.column) || isTime(columns[x.column] ?? { name: "", type: "" });
      return { ...chart, kind, x: { column: fits ? x.column : (numbers[0] ?? x.column), unit: null, bins: null }, y: [] };
    }
    case "heatmap": {
      const other = columns.findIndex((column, at) => at !== x.column && (column.type === "string" || column.type === "boolean"));
      return {
        ...chart,
        kind,
        y: [{ column: other === -1 ? Math.min(1, columns.length - 1) : other, aggregate: "none" }],
        color: { column: null, aggregate: "count" },
      };
    }
    case "points":
      return {
        ...chart,
        kind,
        latitude: { column: named(columns, /^lat/i) ?? numbers[0] ?? 0 },
        longitude: { column: named(columns, /^lo?ng?/i) ?? numbers[1] ?? 0 },
      };
    default: {
      const measured = chart.y.filter(({ column }) => column === null || numbers.includes(column));
      const y = measured.length > 0 && chart.kind !== "heatmap" ? measured : [{ column: null, aggregate: "count" as const }];
      const summed = y.map((each) => ({
        column: each.column,
        aggregate: aggregateOf(each) === "none" && chart.kind === "scatter" ? ("sum" as const) : each.aggregate,
      }));
      return { ...chart, kind, x, y: summed, color: chart.color?.column == null ? null : chart.color };
    }
  }
}

function named(columns: readonly ResultColumn[], pattern: RegExp): number | null {
  const at = columns.findIndex((column) => isNumber(column) && pattern.test(column.name));
  return at === -1 ? null : at;
}

/** "sum of price", for axes and series. */
export function measureName(measure: { column: number | null; aggregate: Aggregate | null }, columns: readonly ResultColumn[]): string {
  const aggregate = aggregateOf(measure);
  const name = measure.column === null ? "" : (columns[measure.column]?.name ?? "");
  if (measure.column === null) return "rows";
  return aggregate === "none" ? name : `${aggregate} of ${name}`;
}
