/** A table as text for other programs. In each form null and the empty text stay apart, and nothing runs. */
import { type Cell, type Column, type Row, type TableData, isNumeric } from "./tableData";

/** What becomes of a value that a spreadsheet would run as a formula. */
export type Formulas =
  /** An apostrophe stands in front; a plain number is none. */
  | "guarded"
  /** As it is, for programs that are no spreadsheets. */
  | "kept";

/** RFC 4180: CRLF between records, quotes doubled. Null is nothing, the empty text a pair of quotes. */
export function toCsv(columns: readonly Column[], rows: readonly Row[], formulas: Formulas = "guarded"): string {
  return records(columns, rows, (cell) => csvField(cell, formulas))
    .map((record) => `${record.join(",")}\r\n`)
    .join("");
}

/**
 * For pasting into a spreadsheet: one line for each row, with blanks for tabs and line breaks inside values. Null is
 * nothing and the empty text a pair of quotes, which a spreadsheet reads as such.
 */
export function toTsv(columns: readonly Column[], rows: readonly Row[], formulas: Formulas = "guarded"): string {
  return records(columns, rows, (cell) => tsvField(cell, formulas))
    .map((record) => record.join("\t"))
    .join("\n");
}

function tsvField(cell: Cell, formulas: Formulas): string {
  if (cell === null) return "";
  const text = (formulas === "guarded" ? guardFormula(cell) : cell).replaceAll(/[\t\r\n]+/g, " ");
  // Quotes mean something where a field begins with them.
  return text === "" || text.startsWith('"') ? `"${text.replaceAll('"', '""')}"` : text;
}

function records(columns: readonly Column[], rows: readonly Row[], write: (cell: Cell) => string): string[][] {
  return [columns.map((column) => write(column.name)), ...rows.map((row) => columns.map((_, index) => write(row[index] ?? null)))];
}

function csvField(cell: Cell, formulas: Formulas): string {
  if (cell === null) return "";
  const text = formulas === "guarded" ? guardFormula(cell) : cell;
  const plain = text !== "" && !/[",\r\n]/.test(text) && text === text.trim();
  return plain ? text : `"${text.replaceAll('"', '""')}"`;
}

function guardFormula(text: string): string {
  const looksLikeNumber = /^[+-]?\d[\d,]*(?:\.\d*)?(?:[eE][+-]?\d+)?$/.test(text);
  // Signs of full width and after blanks are signs to some.
  return /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/.test(text) && !looksLikeNumber ? `'${text}` : text;
}

/** A table of GitHub's Markdown: values as they are read, and null in italics, which no value can be. */
export function toMarkdown(columns: readonly Column[], rows: readonly Row[]): string {
  const [head = [], ...body] = records(columns, rows, markdownCell);
  const rule = columns.map((column) => (isNumeric(column) ? "---:" : "---"));
  return [head, rule, ...body].map((record) => `| ${record.join(" | ")} |`).join("\n");
}

function markdownCell(cell: Cell): string {
  if (cell === null) return "*null*";
  return cell
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll(/[\\|*_`[\]~$]/g, "\\$&")
    .replaceAll(/\s*[\r\n]+\s*/g, " ");
}

/**
 * A list of objects. Columns of one name are told apart by a number. A number stays one where nothing of it is lost to
 * who reads it as floating point, and is text where it would be.
 */
export function toJson(columns: readonly Column[], rows: readonly Row[]): string {
  const names = distinct(columns.map((column) => column.name));
  const objects = rows.map(
    (row) => `  {${columns.map((column, index) => `${JSON.stringify(names[index])}: ${jsonCell(column, row[index] ?? null)}`).join(", ")}}`,
  );
  return objects.length === 0 ? "[]\n" : `[\n${objects.join(",\n")}\n]\n`;
}

function jsonCell(column: Column, cell: Cell): string {
  if (cell === null) return "null";
  if (isNumeric(column) && Number.isFinite(Number(cell)) && String(Number(cell)) === cell) return cell;
  if (column.type === "BOOLEAN" && (cell === "true" || cell === "false")) return cell;
  return JSON.stringify(cell);
}

function distinct(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let number = 2; taken.has(free); number += 1) free = `${name}_${number}`;
    taken.add(free);
    return free;
  });
}

/** A file's name that says when it holds a part only: `trips-first-1000.csv`. */
export function fileName(data: TableData, label: string, extension: string): string {
  const slug = label
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, "-")
    .replaceAll(/^-|-$/g, "");
  const base = data.statementId ?? (slug === "" ? "table" : slug);
  return `${base}${isPartial(data) ? `-first-${data.rows.length}` : ""}.${extension}`;
}

/** Whether there are more rows than are here. */
export function isPartial({ rows, totalRows, truncated }: TableData): boolean {
  return truncated || totalRows > rows.length;
}
