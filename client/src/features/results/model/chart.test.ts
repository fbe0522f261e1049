import { View, parse } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile } from "vega-lite";
import { QueryClient } from "@tanstack/react-query";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ResultColumn } from "@/api/types";
import { chartQuery } from "../api/chart";
import { type Chart, asKind, chartKinds, measureName, readChart, suggestChart } from "./chart";
import { type Look, vegaSpec } from "./vegaSpec";

afterEach(() => vi.unstubAllGlobals());

const columns: ResultColumn[] = [
  { name: "city", type: "string" },
  { name: "price", type: "decimal", precision: 38, scale: 2 },
  { name: "at", type: "timestamp" },
  { name: "lat", type: "double" },
  { name: "lon", type: "double" },
];
const look: Look = {
  ink: "black",
  soft: "gray",
  line: "silver",
  ground: "white",
  palette: ["brown", "blue", "olive", "green", "purple", "gray"],
  font: "sans-serif",
};
const base = suggestChart(
  "r",
  columns.filter(({ type }) => type !== "timestamp"),
  null,
);

/** The host's answers, as docs/RESULTS.md has them. */
function host(): URL[] {
  const asked: URL[] = [];
  vi.stubGlobal("fetch", (path: string) => {
    const url = new URL(path, "http://bricklayer.example");
    asked.push(url);
    return Promise.resolve(Response.json(answer(url)));
  });
  return asked;
}

function answer(url: URL): unknown {
  if (url.pathname.endsWith("/histogram"))
    return {
      bins: [
        { from: "0.00", to: "5.00", count: 3 },
        { from: "5.00", to: "10.00", count: 1 },
      ],
      nulls: 1,
      others: 0,
    };
  if (url.pathname.endsWith("/sample")) {
    const places = (url.searchParams.get("columns") ?? "").split(",").map(Number);
    const row = ["Wien", "9007199254740993.50", "2024-01-31T09:30:00Z", 48.2, 16.4];
    return { offset: 0, total: 9, next: null, columns: places, row_numbers: [0], rows: [places.map((place) => row[place])], cut: [] };
  }
  const groups = (url.searchParams.get("group") ?? "").split(",");
  const measures = (url.searchParams.get("measures") ?? "").split(",");
  return {
    columns: [...groups.map((group) => columns[Number(group.split(":")[0])]), ...measures.map((name) => ({ name, type: "decimal", precision: 38, scale: 2 }))],
    rows: ["Wien", null].map((city) =>
      groups.map((group) => (group.startsWith("0") ? city : "2024-01-01T00:00:00Z")).concat(measures.map(() => "9007199254740993.50")),
    ),
    groups: 40,
    complete: true,
  };
}

async function drawn(chart: Chart): Promise<string> {
  const { marks } = await new QueryClient().fetchQuery(chartQuery(chart, columns, "ended"));
  const { spec } = compile(vegaSpec(chart, columns, marks, look, { width: 300, height: 200 }));
  // As in the page: nothing makes code of text.
  const view = new View(parse(spec, undefined, { ast: true }), { expr: expressionInterpreter, renderer: "none" });
  return view.toSVG();
}

describe("a chart", () => {
  it.each(chartKinds)("of the kind %s is drawn without making code", async (kind) => {
    host();
    expect(await drawn(asKind(base, kind, columns))).toContain('role="graphics-symbol"');
  });

  it.each(["bar", "line", "area"] as const)("of times is drawn as %s", async (kind) => {
    host();
    const chart = suggestChart("r", columns, null);
    expect(chart).toMatchObject({ kind: "line", x: { column: 2, unit: "day" }, y: [{ column: 1, aggregate: "sum" }] });
    expect(await drawn(asKind({ ...chart, color: { column: 0, aggregate: null } }, kind, columns))).toContain('role="graphics-');
  });

  it("asks for groups in its order, and says what is not there", async () => {
    const asked = host();
    const chart = { ...base, filter: { column: 0, op: "is_not_null" } };
    const { marks, note } = await new QueryClient().fetchQuery(chartQuery(chart, columns, "ended"));
    expect(Object.fromEntries(asked[0]?.searchParams ?? [])).toEqual({
      group: "0",
      measures: "sum:1",
      limit: "30",
      sort: "1:desc",
      filter: '{"column":0,"op":"is_not_null"}',
    });
    expect(marks[0]).toMatchObject({ x: "Wien", xText: "Wien", yText: "9007199254740993.50" });
    expect(marks[1]?.xText).toBe("NULL");
    expect(note).toBe("2 of 40 groups");
  });

  it("of rows says that they are a sample", async () => {
    const asked = host();
    const { note } = await new QueryClient().fetchQuery(chartQuery(asKind(base, "points", columns), columns, "ended"));
    expect(asked[0]?.searchParams.get("columns")).toBe("4,3");
    expect(note).toBe("1 of 9 rows, evenly spaced");
  });

  it("is read as the agent's tool writes it", () => {
    const written = { result: "r", kind: "heatmap", x: { column: 0 }, y: [{ column: 2 }], color: { aggregate: "mean", column: 1 } };
    expect(readChart(written)).toMatchObject({ kind: "heatmap", color: { column: 1, aggregate: "mean" }, title: null, filter: null });
    expect(readChart({ ...written, kind: "pie" })).toBeNull();
    expect(measureName({ column: null, aggregate: null }, columns)).toBe("rows");
    expect(measureName({ column: 1, aggregate: "mean" }, columns)).toBe("mean of price");
  });
});
