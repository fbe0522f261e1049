import { describe, expect, it } from "vitest";
import { fileName, toCsv, toJson, toMarkdown, toTsv } from "./export";
import { parseCsv } from "./parseCsv";
import { nextSort, sortedOrder } from "./sort";
import { type Cell, type Column, asObjectTable, asTable } from "./tableData";

const column = (type: string): Column => ({ name: "c", type, typeText: type });

function sorted(type: string, cells: Cell[], direction: "ascending" | "descending" = "ascending"): Cell[] {
  const rows = cells.map((cell) => [cell]);
  return sortedOrder(rows, column(type), { column: 0, direction }).map((index) => cells[index] ?? null);
}

describe("sorting", () => {
  it("compares integers beyond what floating point holds", () => {
    expect(sorted("BIGINT", ["9007199254740993", "9007199254740992", "-1", "10", "9"])).toEqual(["-1", "9", "10", "9007199254740992", "9007199254740993"]);
  });
  it("compares decimals of different scale exactly", () => {
    expect(sorted("DECIMAL", ["1.10", "1.09", "-0.5", "12345678901234567890.1", "12345678901234567890.09"])).toEqual([
      "-0.5",
      "1.09",
      "1.10",
      "12345678901234567890.09",
      "12345678901234567890.1",
    ]);
  });
  it("puts NaN after infinity, as the workspace does", () => {
    expect(sorted("DOUBLE", ["NaN", "Infinity", "-Infinity", "2.5", "1e3"])).toEqual(["-Infinity", "2.5", "1e3", "Infinity", "NaN"]);
  });
  it("compares times, booleans and text by their type", () => {
    expect(sorted("TIMESTAMP", ["2016-02-01T10:00:00.000Z", "2015-12-31T23:59:59.000Z"])).toEqual(["2015-12-31T23:59:59.000Z", "2016-02-01T10:00:00.000Z"]);
    expect(sorted("BOOLEAN", ["true", "false"])).toEqual(["false", "true"]);
    expect(sorted("STRING", ["b10", "b9", "a"])).toEqual(["a", "b9", "b10"]);
  });
  it("keeps nulls last both ways and equal rows in order", () => {
    expect(sorted("INT", [null, "2", "1"])).toEqual(["1", "2", null]);
    expect(sorted("INT", [null, "2", "1"], "descending")).toEqual(["2", "1", null]);
    expect(
      sortedOrder(
        [
          ["1", "a"],
          ["1", "b"],
        ],
        column("INT"),
        { column: 0, direction: "descending" },
      ),
    ).toEqual([0, 1]);
  });
  it("goes from ascending to descending to none", () => {
    const first = nextSort(null, 2);
    expect(first).toEqual({ column: 2, direction: "ascending" });
    expect(nextSort(first, 2)).toEqual({ column: 2, direction: "descending" });
    expect(nextSort({ column: 2, direction: "descending" }, 2)).toBeNull();
  });
});

describe("CSV", () => {
  const columns = [column("STRING"), { ...column("INT"), name: 'a "b"' }];
  it("follows RFC 4180", () => {
    expect(
      toCsv(columns, [
        ["x,y", "1"],
        ['say "hi"', "2"],
        ["two\nlines", "3"],
      ]),
    ).toBe('c,"a ""b"""\r\n"x,y",1\r\n"say ""hi""",2\r\n"two\nlines",3\r\n');
  });
  it("tells null from empty", () => {
    expect(toCsv([column("STRING"), column("STRING")], [[null, ""]])).toBe('c,c\r\n,""\r\n');
  });
  it("takes the sting out of formulas but leaves numbers alone", () => {
    expect(toCsv([column("STRING")], [["=1+1"], ["+cmd"], ["@x"], ["-2+3"], ["-12.5"], ["+4"], ["\tx"]])).toBe(
      "c\r\n'=1+1\r\n'+cmd\r\n'@x\r\n'-2+3\r\n-12.5\r\n+4\r\n'\tx\r\n".replace("'\tx", "'\tx"),
    );
  });
  it("reads back what it wrote", () => {
    const rows: Cell[][] = [
      ["x,y", 'q"q'],
      ["two\r\nlines", "plain"],
    ];
    expect(parseCsv(toCsv([column("STRING"), column("STRING")], rows)).rows).toEqual(rows);
  });
  it("fills ragged rows and finds number columns", () => {
    const table = parseCsv("a,b\n1,x\n2\n");
    expect(table.columns.map((each) => each.type)).toEqual(["DECIMAL", ""]);
    expect(table.rows).toEqual([
      ["1", "x"],
      ["2", null],
    ]);
  });
});

describe("other forms", () => {
  it("pastes into a spreadsheet as one cell per value", () => {
    expect(toTsv([column("STRING")], [["a\tb\nc"], [null]])).toBe("c\na b c\n");
  });
  it("escapes pipes in Markdown", () => {
    expect(toMarkdown([column("STRING")], [["a|b"]])).toBe("| c |\n| --- |\n| a\\|b |");
  });
});

const text = column("STRING");

describe("every form", () => {
  it("tells null from empty", () => {
    const rows = [[null, "", "null", "NULL"]];
    const columns = [text, text, text, text];
    expect(toCsv(columns, rows).split("\r\n")[1]).toBe(',"",null,NULL');
    expect(toTsv(columns, rows).split("\n")[1]).toBe('\t""\tnull\tNULL');
    expect(toMarkdown(columns, rows).split("\n")[2]).toBe("| *null* |  | null | NULL |");
    expect(JSON.parse(toJson(columns, rows))).toEqual([{ c: null, c_2: "", c_3: "null", c_4: "NULL" }]);
  });

  it.each([
    ["<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"],
    ["a & b &lt;", "a &amp; b &amp;lt;"],
    ["*null*", "\\*null\\*"],
    ["[x](javascript:alert(1))", "\\[x\\](javascript:alert(1))"],
    ["![x](https://evil.example)", "!\\[x\\](https://evil.example)"],
    ["`code` | ~~gone~~ | $x$", "\\`code\\` \\| \\~\\~gone\\~\\~ \\| \\$x\\$"],
    ["two\r\nlines", "two lines"],
    ["back\\slash", "back\\\\slash"],
  ])("of Markdown shows %j as it is", (value, written) => {
    expect(toMarkdown([text], [[value]]).split("\n")[2]).toBe(`| ${written} |`);
  });

  it.each(["=1+1", "+cmd", "-2+3", "@x", "\tx", " =1+1", "＝1+1", "\n=1"])("guards the formula %j unless it is asked not to", (formula) => {
    const [guarded, kept] = [toCsv([text], [[formula]]), toCsv([text], [[formula]], "kept")].map((csv) => parseCsv(csv).rows[0]?.[0]);
    expect(guarded).toBe(`'${formula}`);
    expect(kept).toBe(formula);
    expect(toTsv([text], [[formula]]).split("\n")[1]).toMatch(/^'/);
    expect(toCsv([{ ...text, name: formula }], [])).toMatch(/^"?'/);
  });

  it("keeps numbers that are numbers, and the digits of those that are too long to be", () => {
    const columns = ["n", "d", "f", "b"].map((name, index) => ({ name, type: ["BIGINT", "DECIMAL", "DOUBLE", "BOOLEAN"][index] ?? "", typeText: "" }));
    const [row] = JSON.parse(toJson(columns, [["9007199254740993", "1.50", "0.1", "true"]])) as unknown[];
    expect(row).toEqual({ n: "9007199254740993", d: "1.50", f: 0.1, b: true });
    expect(toJson(columns, [])).toBe("[]\n");
  });

  it("begins a field with quotes only where they are its own", () => {
    expect(toTsv([text], [['"x"'], ['y "z"']])).toBe('c\n"""x"""\ny "z"');
  });
});

describe("a file's name", () => {
  const whole = { columns: [text], rows: [["1"], ["2"]], totalRows: 2, truncated: false, statementId: null, warehouse: null };
  it.each([
    [whole, "Taxi trips", "taxi-trips.csv"],
    [{ ...whole, totalRows: 21_932 }, "Taxi trips", "taxi-trips-first-2.csv"],
    [{ ...whole, truncated: true }, "Taxi trips", "taxi-trips-first-2.csv"],
    [{ ...whole, statementId: "01ef", totalRows: 3 }, "Taxi trips", "01ef-first-2.csv"],
    [whole, "Größe", "größe.csv"],
    [whole, "../..", "table.csv"],
  ])("says when it holds a part", (data, label, name) => {
    expect(fileName(data, label, "csv")).toBe(name);
  });
});

describe("results", () => {
  it("are read with their types, nulls and totals", () => {
    const table = asTable({
      columns: [{ name: "n", type_name: "DECIMAL", type_text: "DECIMAL(10,2)" }],
      rows: [["1.50"], [null]],
      total_row_count: 7,
      truncated: true,
      statement_id: "s",
    });
    expect(table).toMatchObject({ columns: [{ type: "DECIMAL", typeText: "DECIMAL(10,2)" }], rows: [["1.50"], [null]], totalRows: 7, truncated: true });
  });
  it("that are something else are not tables", () => {
    expect(asTable({ rows: [] })).toBeNull();
    expect(asTable("text")).toBeNull();
  });
  it("that are lists of objects are tables too", () => {
    expect(
      asObjectTable([
        { id: "a", size: 2 },
        { id: "b", tags: ["x", "y"] },
      ]),
    ).toMatchObject({
      rows: [
        ["a", "2", null],
        ["b", null, "x, y"],
      ],
    });
  });
});
