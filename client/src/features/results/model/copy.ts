/** Cells as text for other programs. Digits are copied as they are. */
import type { ResultColumn } from "@/api/types";
import type { Cell } from "./cells";

export interface Block {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly Cell[])[];
}

/** For a spreadsheet: NULL is an empty cell, and what would break a line or a column is a blank. */
export function toTsv({ columns, rows }: Block, header: boolean): string {
  const lines = rows.map((row) => tsvLine(row.map((cell) => (cell === null ? "" : String(cell)))));
  return [...(header ? [tsvLine(columns.map(({ name }) => name))] : []), ...lines].join("\n");
}

const tsvLine = (cells: readonly string[]): string => cells.map((cell) => cell.replaceAll(/[\t\r\n]+/g, " ")).join("\t");

export function toMarkdown({ columns, rows }: Block): string {
  const rule = columns.map(({ type }) => (type === "integer" || type === "decimal" || type === "double" || type === "float" ? "---:" : "---"));
  return [
    pipes(columns.map(({ name }) => inPipes(name))),
    pipes(rule),
    ...rows.map((row) => pipes(row.map((cell) => (cell === null ? "NULL" : inPipes(String(cell)))))),
  ].join("\n");
}

const pipes = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const inPipes = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("|", "\\|").replaceAll(/\r?\n/g, "<br>");

/** `(1, 'a'), (2, NULL)`: to stand after VALUES. */
export function toSqlValues({ columns, rows }: Block): string {
  return rows.map((row) => `(${columns.map((column, place) => literal(row[place] ?? null, column)).join(", ")})`).join(",\n");
}

function literal(cell: Cell, { type }: ResultColumn): string {
  if (cell === null) return "NULL";
  const text = String(cell);
  switch (type) {
    case "integer":
    case "decimal":
    case "boolean":
      return text;
    case "double":
    case "float":
      return `${type.toUpperCase()}(${quoted(text)})`;
    case "date":
      return `DATE ${quoted(text)}`;
    case "timestamp":
      return `TIMESTAMP ${quoted(text)}`;
    case "timestamp_ntz":
      return `TIMESTAMP_NTZ ${quoted(text)}`;
    case "binary":
      return `UNBASE64(${quoted(text)})`;
    default:
      return quoted(text);
  }
}

/** Two literals beside each other are one in Spark, so a quote is escaped and not doubled. */
function quoted(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
  return `'${escaped}'`;
}
