import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { Rendered } from "./Rendered";
import { type NumberFind, NumberFinds, numbersInMarkdown, numbersOf } from "./numbers";
import { ResultLinks } from "./resultLinks";

describe("numbers of a text", () => {
  it.each([
    ["There were 1,234.5 trips and 12 %.", ["1,234.5", "12 %"]],
    ["From 2024-01-31 10:30 to 31 January 2024, and Jan 5", []],
    ["In 2023 it was 7.", ["7"]],
    ["Version 1.2.3, v2.0, 10.0.0.1, Q3, 12k, 1st, #5, 3/4", []],
    ["Top 10, step 3, table 2: 42", ["42"]],
    ["minus −5 and -6.25, $1 234 567", ["−5", "-6.25", "1 234 567"]],
    ["9007199254740993", ["9007199254740993"]],
  ])("in %j are %j", (text, found) => {
    expect(numbersOf(text).map((number) => number.text)).toEqual(found);
  });

  it("are not those of code, addresses and lists", () => {
    const text = "1. first **17**\n2. `18` [19](result:20)\n\n```sql\nSELECT 21\n```\n\n| a | b |\n|---|---|\n| 22 | 23 % |\n\nhttps://x.example/24";
    expect(numbersInMarkdown(text)).toEqual(["17", "19", "22", "23 %"]);
  });
});

describe("a number of an answer", () => {
  const finds = new Map<string, NumberFind>([
    ["17", { result: "r", row: 3, column: 1 }],
    ["18", null],
    ["19", { source: "question" }],
  ]);
  const draw = (known: ReadonlyMap<string, NumberFind> | null): void => {
    render(
      <ResultLinks value={({ id, row, column }, children) => <a href={`#${id}/${row}/${column}`}>{children}</a>}>
        <NumberFinds value={known}>
          <Rendered text={"17 of 18, as 19 said, `18`, and 20"} />
        </NumberFinds>
      </ResultLinks>,
    );
  };

  it("leads to its place, or says that it has none", () => {
    draw(finds);
    expect(screen.getByRole("link", { name: "17" }).getAttribute("href")).toBe("#r/3/1");
    const marked = screen.getAllByRole("note");
    expect(marked.map((mark) => mark.textContent)).toEqual(["18"]);
    expect(marked[0]?.title).toContain("in no result of this turn");
  });

  it("is a number where nobody looked", () => {
    draw(null);
    expect(screen.queryByRole("note")).toBeNull();
    expect(screen.queryByRole("link")).toBeNull();
    expect(screen.getByText(/17 of 18/)).toBeTruthy();
  });
});
