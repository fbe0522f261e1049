import { fireEvent, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { ResultTable } from "./ResultTable";
import type { TableData } from "./tableData";

const data: TableData = {
  columns: [
    { name: "hour", type: "INT", typeText: "INT" },
    { name: "borough", type: "STRING", typeText: "STRING" },
  ],
  rows: [
    ["9", "Queens"],
    ["18", null],
    ["10", ""],
  ],
  totalRows: 70,
  truncated: true,
  statementId: "s",
  warehouse: "Local",
};

function firstColumn(): (string | null)[] {
  return screen
    .getAllByRole("row")
    .slice(1)
    .map((row) => within(row).getAllByRole("gridcell")[0]?.textContent ?? null);
}

describe("a result table", () => {
  it("shows types, null, empty text and what was cut", () => {
    render(<ResultTable data={data} label="Result" />);
    expect(screen.getByRole("columnheader", { name: /hour/ }).textContent).toContain("int");
    expect(screen.getByText("null")).toBeTruthy();
    expect(screen.getByText("empty")).toBeTruthy();
    expect(screen.getByText(/First 3 of 70 rows/)).toBeTruthy();
  });

  it("sorts by a press on a header, and back", async () => {
    const user = userEvent.setup();
    render(<ResultTable data={data} label="Result" />);
    const header = screen.getByRole("columnheader", { name: /hour/ });
    await user.click(within(header).getByRole("button"));
    expect(firstColumn()).toEqual(["9", "10", "18"]);
    expect(header.getAttribute("aria-sort")).toBe("ascending");
    await user.click(within(header).getByRole("button"));
    expect(firstColumn()).toEqual(["18", "10", "9"]);
    await user.click(within(header).getByRole("button"));
    expect(firstColumn()).toEqual(["9", "18", "10"]);
  });

  it("is walked by arrow keys, and shows the chosen cell in full", async () => {
    const user = userEvent.setup();
    render(<ResultTable data={data} label="Result" />);
    screen.getByRole("grid").focus();
    await user.keyboard("{ArrowDown}{ArrowRight}");
    expect(screen.getByText("borough, row 1")).toBeTruthy();
    expect(screen.getByRole("gridcell", { selected: true }).textContent).toBe("Queens");
    await user.keyboard("{Escape}");
    expect(screen.queryByText("borough, row 1")).toBeNull();
  });

  it("copies what is chosen: one value, an area, or all", async () => {
    const user = userEvent.setup();
    render(<ResultTable data={data} label="Result" />);
    const copied = (): Promise<string> => navigator.clipboard.readText();
    screen.getByRole("grid").focus();
    await user.keyboard("{Control>}c{/Control}");
    expect(await copied()).toBe('hour\tborough\n9\tQueens\n18\t\n10\t""');
    await user.keyboard("{ArrowDown}{ArrowRight}{Control>}c{/Control}");
    expect(await copied()).toBe("Queens");
    await user.keyboard("{Shift>}{ArrowDown}{ArrowLeft}{/Shift}{Control>}c{/Control}");
    expect(screen.getAllByRole("gridcell", { selected: true })).toHaveLength(4);
    expect(await copied()).toBe("hour\tborough\n9\tQueens\n18\t");
    await user.keyboard("{Control>}a{/Control}");
    expect(screen.getAllByRole("gridcell", { selected: true })).toHaveLength(6);
    await user.keyboard("{ArrowUp}{ArrowLeft}{Control>}c{/Control}");
    expect(await copied()).toBe("18");
  });

  it("shows a value of several lines, or of a million letters, in one", () => {
    const rows = [
      ["1", "two\r\nlines"],
      ["2", "x".repeat(1_000_000)],
    ];
    render(<ResultTable data={{ ...data, rows }} label="Result" />);
    expect(screen.getByText("two⏎lines")).toBeTruthy();
    expect(screen.getByText(/^x+…$/).textContent).toHaveLength(301);
  });

  it("draws only rows that can be seen", () => {
    const rows = Array.from({ length: 100_000 }, (_, index) => [String(index), "x"]);
    render(<ResultTable data={{ ...data, rows, totalRows: rows.length, truncated: false }} label="Result" />);
    const drawn = screen.getAllByRole("gridcell").length;
    expect(drawn).toBeGreaterThan(10);
    expect(drawn).toBeLessThan(200);
    const grid = screen.getByRole("grid");
    expect(grid.getAttribute("aria-rowcount")).toBe("100001");
    Object.defineProperty(grid, "scrollTop", { value: 28 * 50_000, configurable: true });
    fireEvent.scroll(grid);
    expect(screen.getByRole("gridcell", { name: "50010" })).toBeTruthy();
  });
});
