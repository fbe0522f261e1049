/** A table as text for other programs. */
import type { Cell, Column, Row } from "./tableData";

/**
 * RFC 4180: CRLF between records, quotes doubled. Null is nothing, the empty string is a pair of quotes, so the two
 * stay apart. A value that a spreadsheet would run as a formula gets an apostrophe in front; plain numbers do not.
 */
export function toCsv(columns: readonly Column[], rows: readonly Row[]): string {
  const records = [columns.map((column) => csvCell(column.name)), ...rows.map((row) => row.map(csvCell))];
  return records.map((record) => `${record.join(",")}\r\n`).join("");
}

function csvCell(cell: Cell): string {
  if (cell === null) return "";
  if (cell === "") return '""';
  const guarded = guardFormula(cell);
  return /[",\r\n]/.test(guarded) || guarded !== guarded.trim() ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

function guardFormula(text: string): string {
  const looksLikeNumber = /^[+-]?\d[\d,]*(?:\.\d*)?(?:[eE][+-]?\d+)?$/.test(text);
  return /^[=+\-@\t\r]/.test(text) && !looksLikeNumber ? `'${text}` : text;
}

/** For pasting into a spreadsheet: tabs and line breaks inside values become spaces. */
export function toTsv(columns: readonly Column[], rows: readonly Row[]): string {
  const clean = (cell: Cell): string => guardFormula((cell ?? "").replaceAll(/[\t\r\n]+/g, " "));
  return [columns.map((column) => clean(column.name)), ...rows.map((row) => row.map(clean))].map((record) => record.join("\t")).join("\n");
}

export function toMarkdown(columns: readonly Column[], rows: readonly Row[]): string {
  const clean = (cell: Cell): string => (cell ?? "").replaceAll("\\", "\\\\").replaceAll("|", "\\|").replaceAll(/\r?\n/g, " ");
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map((column) => clean(column.name))),
    line(columns.map(() => "---")),
    ...rows.map((row) => line(row.map(clean))),
  ].join("\n");
}
