/** A tool's result sorted into what can be shown well: tables, the steps of a script, or text. */
import * as v from "valibot";
import { type TableData, asObjectTable, asTable } from "@/shared/table/tableData";
import { asRecord } from "@/shared/lib/record";
import { type FileChange, fileChangeOf } from "./patch";
import type { ToolItem, ToolResult } from "./view";

interface LabelledTable {
  readonly label: string;
  readonly data: TableData;
}

export interface ScriptStep {
  readonly number: number;
  readonly statement: string;
  readonly status: string;
  readonly error: string | null;
  readonly table: TableData | null;
  /** The result that has all its rows. */
  readonly resultId: string | null;
}

export type Output =
  | { kind: "change"; change: FileChange }
  | { kind: "tables"; tables: readonly LabelledTable[] }
  | { kind: "script"; steps: readonly ScriptStep[] }
  | { kind: "markdown"; text: string }
  | { kind: "text"; text: string; language: string };

/** `kind` is what the tool says of its results; where it says nothing, they are drawn as what they look like. */
export function outputOf(result: ToolResult, kind: string | null = null): Output {
  const { structured, content } = result;
  if (kind === "text") return { kind: "text", text: content, language: "" };
  if (kind === "markdown") return { kind: "markdown", text: content };
  const change = fileChangeOf(structured);
  if (change !== null) return { kind: "change", change };
  const steps = scriptSteps(structured);
  if (steps !== null) return { kind: "script", steps };
  const tables = tablesOf(structured);
  return tables.length > 0 ? { kind: "tables", tables } : textOf(structured, content);
}

/** The specification of a chart that a call made; `null`: it made none. */
export function chartOf({ resultKind, result }: ToolItem): unknown {
  if (resultKind !== "chart" || result === null || result.isError) return null;
  return asRecord(result.structured)["chart"] ?? null;
}

/** Whether there are rows to see, which are worth showing before anybody asks. */
export function hasRows(result: ToolResult | null): boolean {
  if (result === null || result.isError) return false;
  if (result.results.some(({ content, rows }) => content === "image" || rows > 0)) return true;
  const table = asTable(result.structured);
  if (table !== null) return table.rows.length > 0;
  return scriptSteps(result.structured)?.some((step) => step.table !== null && step.table.rows.length > 0) ?? false;
}

/** The tables with rows that came with a call, or with the statements of its script. */
export function inlineTables({ structured }: ToolResult): readonly TableData[] {
  const tables = scriptSteps(structured)?.map(({ table }) => table) ?? [asTable(structured)];
  return tables.filter((table) => table !== null).filter(({ rows }) => rows.length > 0);
}

const stepSchema = v.object({
  number: v.number(),
  statement: v.string(),
  status: v.string(),
  error: v.optional(v.nullable(v.string()), null),
  result_id: v.optional(v.nullable(v.string()), null),
});

function scriptSteps(structured: unknown): readonly ScriptStep[] | null {
  const steps = asRecord(structured)["steps"];
  if (!Array.isArray(steps)) return null;
  return steps.flatMap((raw: unknown) => {
    const parsed = v.safeParse(stepSchema, raw);
    if (!parsed.success) return [];
    const table = asTable(raw);
    const { result_id: resultId, ...step } = parsed.output;
    return [{ ...step, resultId, table: table === null || table.columns.length === 0 ? null : table }];
  });
}

function tablesOf(structured: unknown): readonly LabelledTable[] {
  const single = asTable(structured);
  if (single !== null) return single.columns.length === 0 ? [] : [{ label: "Result", data: single }];
  const list = asObjectTable(structured);
  if (list !== null) return [{ label: "Result", data: list }];
  const fields = asRecord(structured);
  if (Array.isArray(fields["tables"])) return fields["tables"].flatMap(describedTable);
  return Object.entries(fields).flatMap(([name, value]) => {
    const data = asObjectTable(value);
    return data === null ? [] : [{ label: name, data }];
  });
}

/** A described table is best read as the list of its columns. */
function describedTable(raw: unknown): LabelledTable[] {
  const { name, columns } = asRecord(raw);
  const data = asObjectTable(columns);
  return data === null ? [] : [{ label: typeof name === "string" ? name : "Table", data: withoutEmptyColumns(data) }];
}

function withoutEmptyColumns(data: TableData): TableData {
  const kept = data.columns.flatMap((_, index) => (data.rows.some((row) => row[index] !== null && row[index] !== "" && row[index] !== "[]") ? [index] : []));
  const pick = <T>(list: readonly T[]): T[] => kept.flatMap((index) => list.slice(index, index + 1));
  return { ...data, columns: pick(data.columns), rows: data.rows.map(pick) };
}

function textOf(structured: unknown, content: string): Output {
  const isObject = typeof structured === "object" && structured !== null;
  // What was written for reading beats JSON made for programs.
  if (isObject && typeof asRecord(structured)["text"] === "string") return { kind: "text", text: content, language: "" };
  if (isObject) return { kind: "text", text: JSON.stringify(structured, null, 2), language: "json" };
  try {
    const parsed: unknown = JSON.parse(content);
    if (typeof parsed === "object" && parsed !== null) return { kind: "text", text: JSON.stringify(parsed, null, 2), language: "json" };
  } catch {
    // Not JSON: shown as it is.
  }
  return { kind: "text", text: content, language: "" };
}
