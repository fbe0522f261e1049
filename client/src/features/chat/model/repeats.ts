/** Which calls show what the answer shows as well: the same number is read once. */
import { asRecord } from "@/shared/lib/record";
import type { TableData } from "@/shared/table/tableData";
import { chartOf, inlineTables } from "./output";
import type { ToolItem, TurnView } from "./view";

interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Rows of an answer's table that are looked for, and of a result that are looked at. */
const MAX_WRITTEN_ROWS = 50;
const MAX_RESULT_ROWS = 1_000;

/** The calls whose rows the answer repeats in a table or that a chart shows, by their ids. */
export function repeatedCalls(turn: TurnView): ReadonlySet<string> {
  if (turn.status === "running") return none;
  const tools = turn.items.filter((item) => item.kind === "tool");
  if (tools.length === 0) return none;
  const written = turn.items.flatMap((item) => (item.kind === "text" ? tablesIn(item.text) : []));
  const charted = new Set(tools.map((tool) => asRecord(chartOf(tool))["result"]).filter((id) => typeof id === "string"));
  if (written.length === 0 && charted.size === 0) return none;
  return new Set(tools.filter((tool) => isRepeated(tool, written, charted)).map(({ id }) => id));
}

const none: ReadonlySet<string> = new Set();

function isRepeated({ result }: ToolItem, written: readonly Table[], charted: ReadonlySet<unknown>): boolean {
  if (result === null || result.isError) return false;
  if (result.results.some(({ id }) => charted.has(id))) return true;
  const inline = inlineTables(result);
  if (inline.length > 0) return inline.every((data) => written.some((table) => repeatsRows(table, data)));
  // Where no rows came with the call, what the host keeps of it is known here by its columns.
  return result.results.some(({ content, columns, rows }) => {
    const names = new Set((columns ?? []).map(({ name }) => plain(name)));
    return content === "table" && written.some((table) => table.rows.length <= rows && table.head.every((name) => names.has(plain(name))));
  });
}

const plain = (text: string): string => text.toLowerCase().replaceAll(/[\s_*`]+/g, "");

/** Whether each row of the written table is one of the result's. */
function repeatsRows({ rows }: Table, data: TableData): boolean {
  const known = data.rows.slice(0, MAX_RESULT_ROWS);
  return rows.slice(0, MAX_WRITTEN_ROWS).every((row) => known.some((cells) => row.every((text) => cells.some((cell) => saysSame(text, cell)))));
}

/** Whether a written cell says a value: as it is, or a number rounded to the digits that were written. */
function saysSame(written: string, cell: string | null): boolean {
  const text = written.replaceAll(/[*`]/g, "").trim();
  if (cell === null) return text === "" || /^(?:null|–|-|—)$/i.test(text);
  if (text.toLowerCase() === cell.trim().toLowerCase()) return true;
  const number = /^[-+]?[$€£]?\s?(-?[\d,\u2009\u202f\u00a0 ]*\d(?:\.(\d+))?)\s?(%)?$/.exec(text);
  const value = Number(cell);
  if (number === null || cell.trim() === "" || Number.isNaN(value)) return false;
  const digits = number[2]?.length ?? 0;
  const said = Number((number[1] ?? "").replaceAll(/[,\s\u2009\u202f\u00a0]/g, "")).toFixed(digits);
  return value.toFixed(digits) === said || (number[3] === "%" && (value * 100).toFixed(digits) === said);
}

/** The Markdown tables of a text, outside of code. */
export function tablesIn(text: string): Table[] {
  const lines = text.replaceAll(/^(`{3,}|~{3,})[\s\S]*?^\1/gm, "").split("\n");
  const tables: Table[] = [];
  for (let at = 1; at < lines.length; at += 1) {
    const head = cellsOf(lines[at - 1] ?? "");
    if (!/^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/.test(lines[at] ?? "") || !(lines[at] ?? "").includes("-") || head.length === 0) continue;
    const rows: string[][] = [];
    for (let row = at + 1; row < lines.length && (lines[row] ?? "").includes("|"); row += 1) rows.push(cellsOf(lines[row] ?? ""));
    if (rows.length > 0 && (lines[at - 1] ?? "").includes("|")) tables.push({ head, rows });
  }
  return tables;
}

function cellsOf(line: string): string[] {
  const inner = line
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "");
  return inner === "" ? [] : inner.split(/(?<!\\)\|/).map((cell) => cell.replaceAll("\\|", "|").trim());
}
