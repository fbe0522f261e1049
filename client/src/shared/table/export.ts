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
  const records = [columns.map((column) => tsvCell(column.name)), ...rows.map((row) => row.map(tsvCell))];
  return records.map((record) => record.join("\t")).join("\n");
}

function tsvCell(cell: Cell): string {
  return guardFormula((cell ?? "").replaceAll(/[\t\r\n]+/g, " "));
}

export function toMarkdown(columns: readonly Column[], rows: readonly Row[]): string {
  const records = [columns.map((column) => markdownCell(column.name)), columns.map(() => "---"), ...rows.map((row) => row.map(markdownCell))];
  return records.map((record) => `| ${record.join(" | ")} |`).join("\n");
}

function markdownCell(cell: Cell): string {
  return (cell ?? "").replaceAll("\\", "\\\\").replaceAll("|", "\\|").replaceAll(/\r?\n/g, " ");
}
