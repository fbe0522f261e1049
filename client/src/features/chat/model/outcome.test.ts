import { describe, expect, it } from "vitest";
import { changeSize } from "@/shared/lib/lineDiff";
import { result, tool } from "../testing/support";
import { courseName, layCourse } from "./group";
import { type Outcome, outcomeOf } from "./outcome";
import { fileChangeOf } from "./patch";
import type { Approval, ToolItem, ToolResult } from "./view";

const approval: Approval = { reason: "", decision: "no", operations: [], preview: null, standing: null, laterChanges: [], questions: [], proposal: null };
const failed = (errorKind: string, more: Partial<ToolResult> = {}): Partial<ToolItem> => ({
  status: "failed",
  result: { ...result, isError: true, errorKind, ...more },
});
const script = (...states: string[]): Partial<ToolItem> => ({
  result: { ...result, structured: { steps: states.map((status, at) => ({ number: at, statement: "x", status })) } },
});

describe("the outcome", () => {
  it.each<[Outcome, Partial<ToolItem>]>([
    ["planned", { status: "planned" }],
    ["waiting", { status: "waiting" }],
    ["running", { status: "answered" }],
    ["running", { status: "running" }],
    ["stopped", { status: "stopped" }],
    ["done", { result }],
    ["failed", failed("failed")],
    ["failed", failed("limit-exceeded")],
    ["failed", failed("denied", { denied: "GET https://x.example/*" })],
    ["refused", failed("denied")],
    ["stopped", failed("cancelled")],
    ["declined", { ...failed("denied"), approval }],
    ["declined", { ...failed("denied"), approval: { ...approval, decision: "stop" } }],
    ["done", script("succeeded", "succeeded")],
    ["partly", script("succeeded", "failed", "skipped")],
    ["failed", script("failed", "skipped")],
  ])("is %s", (outcome, change) => expect(outcomeOf({ ...tool, ...change })).toBe(outcome));
});

describe("many calls", () => {
  const calls = (count: number, change: (index: number) => Partial<ToolItem> = () => ({})): ToolItem[] =>
    Array.from({ length: count }, (_, index) => ({ ...tool, key: `${index}`, id: `${index}`, result, ...change(index) }));
  const ids = (tools: readonly ToolItem[]): string[] => tools.map(({ id }) => id);

  it("lie behind one line, but for the last one and those that went wrong", () => {
    const { folded, shown } = layCourse(calls(32, (index) => (index === 7 ? failed("failed") : {})));
    expect(folded).toHaveLength(30);
    expect(ids(shown)).toEqual(["7", "31"]);
    expect(courseName(folded)).toBe("Run SQL · 30 calls");
  });

  it("that go on or wait stay in view", () => {
    const { shown } = layCourse(calls(8, (index) => (index > 5 ? { status: "running", result: null } : {})));
    expect(ids(shown)).toEqual(["6", "7"]);
  });

  it("are all shown when they are few, and only one opens its rows", () => {
    const structured = { columns: [{ name: "n", type_name: "INT" }], rows: [["1"]], total_row_count: 1, truncated: false };
    const { folded, shown, openId } = layCourse(calls(4, (index) => (index < 3 ? { result: { ...result, structured } } : {})));
    expect(folded).toEqual([]);
    expect(ids(shown)).toEqual(["0", "1", "2", "3"]);
    expect(openId).toBe("2");
  });

  it("of several kinds are just calls", () => {
    expect(courseName(calls(5, (index) => (index === 0 ? { name: "Read" } : {})))).toBe("Made 5 calls");
    expect(courseName(calls(5, () => ({ name: "Read", title: "Read file" })))).toBe("Read file · 5 calls");
  });
});

describe("a change of a file", () => {
  it("numbers its lines before and after", () => {
    const change = fileChangeOf({ path: "a.py", patch: [{ old_start: 3, new_start: 3, lines: [" def a():", "-  return 1", "+", "+  return 2"] }] });
    expect(change?.hunks[0]).toEqual([
      { kind: "same", text: "def a():", before: 3, after: 3 },
      { kind: "gone", text: "  return 1", before: 4, after: null },
      { kind: "new", text: "", before: null, after: 4 },
      { kind: "new", text: "  return 2", before: null, after: 5 },
    ]);
    expect(change === null ? "" : changeSize(change.hunks)).toBe("+2 −1");
  });

  it.each([null, {}, { path: "a", patch: null }, { path: 1, patch: [] }])("is not %j", (structured) => expect(fileChangeOf(structured)).toBeNull());
});
