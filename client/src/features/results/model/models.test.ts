import { describe, expect, it } from "vitest";
import type { ResultColumn } from "@/api/types";
import { toMarkdown, toSqlValues, toTsv } from "./copy";
import { readJson } from "./jsonTree";
import { ScaledScroll } from "./scaledScroll";
import { type ColumnFilter, filterOf, filterWords, nextSorts, viewQuery, wholeTable, withFilter } from "./view";

const column = (name: string, type: string): ResultColumn => ({ name, type });

describe("a view", () => {
  it("of the whole table asks for nothing", () => {
    expect(viewQuery(wholeTable)).toEqual({});
  });

  it("says its order by places", () => {
    const sorts = nextSorts(nextSorts(nextSorts([], 2, false), 2, true), 0, true);
    expect(viewQuery({ ...wholeTable, sorts })).toEqual({ sort: "2:desc,0:asc" });
    expect(nextSorts(sorts, 2, false)).toEqual([]);
  });

  const filters: readonly [ColumnFilter, unknown, string][] = [
    [{ kind: "compare", op: "ge", value: "9007199254740993" }, { column: 1, op: "ge", value: "9007199254740993" }, "≥ 9007199254740993"],
    [
      { kind: "between", from: "1", to: "2", inclusive: false },
      {
        and: [
          { column: 1, op: "ge", value: "1" },
          { column: 1, op: "lt", value: "2" },
        ],
      },
      "from 1 to below 2",
    ],
    [{ kind: "text", op: "contains", value: "ab" }, { column: 1, op: "contains", value: "ab", ignore_case: true }, "contains “ab”"],
    [{ kind: "values", values: ["a"] }, { column: 1, op: "in", value: ["a"] }, "is a"],
    [{ kind: "values", values: [null] }, { column: 1, op: "is_null" }, "is NULL"],
    [
      { kind: "values", values: ["", null] },
      {
        or: [
          { column: 1, op: "in", value: [""] },
          { column: 1, op: "is_null" },
        ],
      },
      "is empty text or NULL",
    ],
    [{ kind: "values", values: ["a", "b", "c", "d"] }, { column: 1, op: "in", value: ["a", "b", "c", "d"] }, "is one of 4 values"],
    [{ kind: "null", is: false }, { column: 1, op: "is_not_null" }, "is not NULL"],
  ];
  it.each(filters)("with %j filters by %j", (filter, condition, words) => {
    expect(filterOf(withFilter(wholeTable, 1, filter))).toEqual(condition);
    expect(filterWords(filter, column("x", "integer"))).toBe(words);
  });

  it("joins filters, and leaves one out for the choice of its values", () => {
    const both = withFilter(withFilter(wholeTable, 0, { kind: "null", is: true }), 1, { kind: "null", is: false });
    expect(filterOf(both)).toEqual({
      and: [
        { column: 0, op: "is_null" },
        { column: 1, op: "is_not_null" },
      ],
    });
    expect(filterOf(both, 0)).toEqual({ column: 1, op: "is_not_null" });
    expect(filterOf(withFilter(both, 1, null), 0)).toBeNull();
  });
});

describe("copied cells", () => {
  const columns = [column("id", "integer"), column("name", "string"), column("at", "timestamp"), column("x", "double")];
  const rows = [
    ["9007199254740993", "a|b\\'c", "2024-01-31T09:30:00Z", "NaN"],
    [null, "two\nlines", null, 1.5],
  ];
  it("are a spreadsheet's", () => {
    expect(toTsv({ columns, rows }, true)).toBe("id\tname\tat\tx\n9007199254740993\ta|b\\'c\t2024-01-31T09:30:00Z\tNaN\n\ttwo lines\t\t1.5");
  });
  it("are a Markdown table", () => {
    expect(toMarkdown({ columns: columns.slice(0, 2), rows: rows.map((row) => row.slice(0, 2)) })).toBe(
      "| id | name |\n| ---: | --- |\n| 9007199254740993 | a\\|b\\\\'c |\n| NULL | two<br>lines |",
    );
  });
  it("are SQL values", () => {
    expect(toSqlValues({ columns, rows })).toBe(
      "(9007199254740993, 'a|b\\\\\\'c', TIMESTAMP '2024-01-31T09:30:00Z', DOUBLE('NaN')),\n(NULL, 'two\\nlines', NULL, DOUBLE('1.5'))",
    );
  });
});

describe("a nested value", () => {
  it("keeps its digits and its names", () => {
    expect(readJson('{"id": 9007199254740993, "tags": ["a\\n", null, 1.50], "e": {}}')).toEqual({
      kind: "object",
      entries: [
        ["id", { kind: "word", text: "9007199254740993" }],
        [
          "tags",
          {
            kind: "array",
            items: [
              { kind: "string", text: "a\n" },
              { kind: "word", text: "null" },
              { kind: "word", text: "1.50" },
            ],
          },
        ],
        ["e", { kind: "object", entries: [] }],
      ],
    });
  });
  it.each(["", "{", "[1 2]", "[1}", "1 2", "01", "{1:2}", "nul", "[".repeat(200) + "]".repeat(200)])("is text when it is %j", (text) => {
    expect(readJson(text)).toBeNull();
  });
});

describe("scrolling", () => {
  it("through what a browser can show is its own", () => {
    const scroll = new ScaledScroll();
    scroll.resize(100_000 * 28, 500);
    expect(scroll.boxHeight).toBe(2_800_000);
    scroll.scrolled(1_234_567);
    expect([scroll.top, scroll.shift]).toEqual([1_234_567, 0]);
  });

  it("through more reaches both ends, and every row between", () => {
    const scroll = new ScaledScroll();
    scroll.resize(5_000_000 * 28, 500);
    expect(scroll.boxHeight).toBe(8_000_000);
    scroll.scrolled(8_000_000 - 500);
    expect(scroll.top).toBe(5_000_000 * 28 - 500);
    scroll.scrolled(0);
    expect(scroll.top).toBe(0);
    scroll.scrolled(100);
    scroll.scrolled(350);
    expect(scroll.top).toBe(350);
    scroll.scrolled(4_000_000);
    expect(Math.round(scroll.top / 28)).toBeGreaterThan(2_400_000);
    const before = scroll.top;
    scroll.scrolled(4_000_100);
    expect(scroll.top - before).toBe(100);
  });

  it("to a row stands there, also when the browser tells of it", () => {
    const scroll = new ScaledScroll();
    scroll.resize(1_000_000 * 28, 500);
    const boxTop = scroll.scrollTo(777_777 * 28);
    scroll.scrolled(boxTop);
    expect(scroll.top).toBe(777_777 * 28);
    expect(777_777 * 28 + scroll.shift).toBe(boxTop);
  });
});
