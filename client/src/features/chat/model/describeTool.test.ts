import { describe, expect, it } from "vitest";
import { result, tool } from "../testing/support";
import { describeOutcome, titleOf } from "./describeTool";

describe("a call in words", () => {
  it.each<[string, unknown]>([
    ["1 row", { columns: [{ name: "n" }], rows: [["1"]] }],
    ["3 warehouses", { warehouses: [{}, {}, {}], total: 3 }],
    ["1 failed run", { failed_runs: [{}] }],
    ["2 queries", { queries: [{}, {}] }],
    ["0 clusters", { clusters: [] }],
    ["1 table", { tables: [{ name: "t" }], not_described: [] }],
    ["2 statements", { steps: [{ statement: "a" }, { statement: "b" }] }],
    ["2 steps", { steps: [{ status: "succeeded" }, { status: "succeeded" }] }],
    [
      "1 of 2 statements failed",
      {
        steps: [
          { statement: "a", status: "failed" },
          { statement: "b", status: "succeeded" },
        ],
      },
    ],
    ["still running", { state: "running" }],
    ["Shared endpoint", { id: "w1", name: "Shared endpoint" }],
    ["", { jobs: [{}], failures: [{}] }],
    ["", null],
  ])("ends as %s", (words, structured) => expect(describeOutcome({ ...tool, result: { ...result, structured } })).toBe(words));

  it("is called by its tool's name where nobody said more", () => {
    expect(titleOf(tool)).toBe("Run SQL");
    expect(titleOf({ title: "", name: "mcp__x__list_things" })).toBe("list_things");
  });
});
