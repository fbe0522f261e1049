import { describe, expect, it } from "vitest";
import { result, tool } from "../testing/support";
import { repeatedCalls, tablesIn } from "./repeats";
import type { Item, TurnView } from "./view";

const prose = (text: string): Item => ({
  kind: "text",
  key: "t",
  step: 1,
  order: 2,
  block: 0,
  text,
  scalars: text.length,
  final: true,
  aborted: false,
  early: [],
  startedAt: null,
  endedAt: null,
});
const turn = (items: readonly Item[], status: TurnView["status"] = "completed"): TurnView => ({
  executionId: "e",
  firstSeq: 1,
  message: "q",
  at: null,
  settings: null,
  status,
  model: null,
  step: 1,
  context: null,
  items,
  retry: null,
  error: null,
  summary: null,
  compactions: [],
  notes: null,
});
const structured = {
  columns: [{ name: "zip" }, { name: "average_fare" }],
  rows: [
    ["10001", "12.3456"],
    ["10002", null],
    ["10003", "0.07"],
  ],
};
const call: Item = { ...tool, status: "succeeded", result: { ...result, structured } };
const ref = {
  id: "r",
  ordinal: 0,
  content: "table",
  title: null,
  media_type: null,
  file_name: null,
  state: "complete",
  cut: null,
  rows: 3,
  bytes: 9,
  columns: [{ name: "average_fare", type: "decimal", precision: 9, scale: 2, source_type: null }],
};

describe("a call is folded", () => {
  const repeats: [string, string, boolean][] = [
    ["whose rows the answer has", "| zip | fare |\n|---|--:|\n| 10001 | $12.35 |\n| 10003 | 7 % |", true],
    ["with NULL as a dash", "zip | fare\n---|---\n**10002** | –", true],
    ["not for other rows", "| zip | fare |\n|---|---|\n| 10001 | 99 |", false],
    ["not for a table in code", "```\n| zip | fare |\n|---|---|\n| 10001 | 12.35 |\n```", false],
    ["not without a table", "The fare of 10001 is 12.35.", false],
  ];
  it.each(repeats)("%s", (_, text, folded) => {
    expect(repeatedCalls(turn([call, prose(text)])).has(tool.id)).toBe(folded);
  });

  it("only once the turn has ended", () => {
    expect(repeatedCalls(turn([call, prose("| a | b |\n|---|---|\n| 10001 | 12.35 |")], "running")).size).toBe(0);
  });

  it("when a chart of its result is shown, or its columns are written", () => {
    const kept: Item = { ...tool, result: { ...result, results: [ref] } };
    const chart: Item = { ...tool, id: "b", key: "b", resultKind: "chart", result: { ...result, structured: { chart: { result: "r" } } } };
    expect([...repeatedCalls(turn([kept, chart]))]).toEqual([tool.id]);
    expect([...repeatedCalls(turn([kept, prose("| Average fare |\n|---|\n| 1 |")]))]).toEqual([tool.id]);
    expect([...repeatedCalls(turn([kept, prose("| Other |\n|---|\n| 1 |")]))]).toEqual([]);
  });

  it("by the rows that came with it, and not by names that are the same", () => {
    const columns = [{ name: "average_fare" }];
    const steps = [["1.5"], ["9.25"]].map((row, number) => ({ number, statement: "SELECT 1", status: "succeeded", columns, rows: [row] }));
    for (const [came, text, folded] of [
      [structured, "| average_fare |\n|---|\n| 99 |", false],
      [{ steps }, "| average_fare |\n|---|\n| 1.5 |", false],
      [{ steps }, "| average_fare |\n|---|\n| 1.5 |\n\n| average_fare |\n|---|\n| 9.25 |", true],
    ] as const) {
      const kept: Item = { ...tool, result: { ...result, structured: came, results: [ref] } };
      expect(repeatedCalls(turn([kept, prose(text)])).has(tool.id), text).toBe(folded);
    }
  });

  it("by tables as Markdown writes them", () => {
    expect(tablesIn("a | b\n- | -\n1 | x\\|y\n\nend")).toEqual([{ head: ["a", "b"], rows: [["1", "x|y"]] }]);
  });
});
