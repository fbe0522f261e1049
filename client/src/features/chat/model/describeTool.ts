/** What a tool call does, in plain words, from its name and arguments. */
import { formatBytes, plural } from "@/shared/lib/format";
import { asRecord } from "@/shared/lib/record";
import { asTable } from "@/shared/table/tableData";
import { outcomeOf, outcomeWords } from "./outcome";
import { changeSize, fileChangeOf } from "./patch";
import type { ToolItem } from "./view";

export interface ToolDescription {
  /** "Run SQL" */
  title: string;
  /** The statement, the path, whatever tells this call from its sisters; one line. */
  detail: string;
}

const MAX_DETAIL_LENGTH = 160;

export function shortName(name: string): string {
  return name.split("__").at(-1) ?? name;
}

type Describe = (input: Readonly<Record<string, unknown>>) => ToolDescription;

const known: Record<string, Describe> = {
  execute_sql: (input) => ({ title: "Run SQL", detail: text(input, "statement", "sql_query") }),
  execute_sql_multi: (input) => ({ title: "Run SQL script", detail: text(input, "script", "sql_content", "statements") }),
  list_warehouses: () => ({ title: "List SQL warehouses", detail: "" }),
  get_best_warehouse: () => ({ title: "Choose a SQL warehouse", detail: "" }),
  get_table_stats_and_schema: (input) => ({
    title: "Inspect tables",
    detail: [text(input, "catalog"), text(input, "schema"), text(input, "table_names", "tables")].filter((part) => part !== "").join("."),
  }),
  get_statement: (input) => ({ title: "Wait for the statement", detail: text(input, "statement_id") }),
  cancel_statement: (input) => ({ title: "Cancel the statement", detail: text(input, "statement_id") }),
  Read: (input) => ({ title: "Read file", detail: text(input, "file_path") }),
  Write: (input) => ({ title: "Write file", detail: text(input, "file_path") }),
  Edit: (input) => ({ title: "Edit file", detail: text(input, "file_path") }),
  Glob: (input) => ({ title: "Find files", detail: text(input, "pattern") }),
  Grep: (input) => ({ title: "Search in files", detail: text(input, "pattern") }),
  Skill: (input) => ({ title: "Load skill", detail: text(input, "skill", "name") }),
};

export function describeTool(name: string, input: unknown): ToolDescription {
  const short = shortName(name);
  const fields = asRecord(input);
  const describe = Object.hasOwn(known, short) ? known[short] : undefined;
  const { title, detail } = describe?.(fields) ?? { title: humanise(short), detail: Object.keys(fields).length === 0 ? "" : JSON.stringify(fields) };
  return { title, detail: oneLine(detail) };
}

/** What came of it, in two or three words. */
export function describeOutcome(tool: ToolItem): string {
  const outcome = outcomeOf(tool);
  if (outcome === "waiting" || outcome === "stopped" || outcome === "declined" || outcome === "refused") return outcomeWords[outcome];
  if (tool.result === null) return "";
  if (tool.result.denied !== null) return "not given";
  if (tool.result.isError) return (tool.result.errorKind ?? "failed").replaceAll("-", " ");
  if (outcome === "partly" || outcome === "failed") return stepsFailed(tool.result.structured);
  if (tool.result.structured === null && tool.result.structuredBytes !== null) return formatBytes(tool.result.structuredBytes);
  const change = fileChangeOf(tool.result.structured);
  if (change !== null) return changeSize(change);
  const table = asTable(tool.result.structured);
  if (table !== null && table.columns.length > 0) return plural(table.totalRows, "row");
  const structured = asRecord(tool.result.structured);
  if (structured["state"] === "running" || structured["state"] === "pending") return "still running";
  for (const [field, noun] of [
    ["steps", "statement"],
    ["tables", "table"],
    ["warehouses", "warehouse"],
  ] as const) {
    const list = structured[field];
    if (Array.isArray(list)) return plural(list.length, noun);
  }
  return text(structured, "warehouse_name", "name");
}

function stepsFailed(structured: unknown): string {
  const steps = asRecord(structured)["steps"];
  if (!Array.isArray(steps)) return outcomeWords.failed;
  const failed = steps.filter((step) => asRecord(step)["status"] === "failed").length;
  return `${failed} of ${plural(steps.length, "statement")} failed`;
}

function text(input: Readonly<Record<string, unknown>>, ...names: string[]): string {
  for (const name of names) {
    const value = input[name];
    if (typeof value === "string") return value;
    if (Array.isArray(value)) return value.filter((entry) => typeof entry === "string").join(", ");
  }
  return "";
}

function humanise(name: string): string {
  const words = name.replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function oneLine(value: string): string {
  const line = value
    .replaceAll(/--[^\n]*\n/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  return line.length > MAX_DETAIL_LENGTH ? `${line.slice(0, MAX_DETAIL_LENGTH - 1)}…` : line;
}
