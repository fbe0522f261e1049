/** A tool call in plain words: what it is called, and what came of it. */
import { formatBytes, plural } from "@/shared/lib/format";
import { changeSize } from "@/shared/lib/lineDiff";
import { asRecord } from "@/shared/lib/record";
import { asTable } from "@/shared/table/tableData";
import { outcomeOf, outcomeWords } from "./outcome";
import { fileChangeOf } from "./patch";
import type { ToolItem } from "./view";

export function shortName(name: string): string {
  return name.split("__").at(-1) ?? name;
}

/** What a call does, for a call whose beginning was not seen as well. */
export function titleOf(tool: Pick<ToolItem, "title" | "name">): string {
  return tool.title === "" ? shortName(tool.name) : tool.title;
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
  if (change !== null) return changeSize(change.hunks);
  const table = asTable(tool.result.structured);
  if (table !== null && table.columns.length > 0) return plural(table.totalRows, "row");
  const structured = asRecord(tool.result.structured);
  if (structured["state"] === "running" || structured["state"] === "pending") return "still running";
  const { name } = structured;
  return countOf(structured) ?? (typeof name === "string" ? name : "");
}

/** "3 warehouses": the one list of things that a result holds, by its own name. */
function countOf(structured: Readonly<Record<string, unknown>>): string | null {
  const lists = Object.entries(structured).filter((field): field is [string, unknown[]] => isListOfThings(field[1]));
  const full = lists.filter(([, list]) => list.length > 0);
  const [only, ...more] = full.length > 0 ? full : lists;
  if (only === undefined || more.length > 0) return null;
  const [name, list] = only;
  const noun = nounOf(name, list);
  return noun === "statement" ? plural(list.length, noun) : plural(list.length, noun, name.replaceAll("_", " "));
}

function isListOfThings(value: unknown): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === "object" && entry !== null && !Array.isArray(entry));
}

/** What one of a list is called: `failed_runs` holds a failed run; steps that run statements are statements. */
function nounOf(name: string, list: readonly unknown[]): string {
  if (name === "steps" && list.length > 0 && list.every((step) => typeof asRecord(step)["statement"] === "string")) return "statement";
  const words = name.replaceAll("_", " ");
  if (words.endsWith("ies")) return `${words.slice(0, -3)}y`;
  return words.endsWith("s") ? words.slice(0, -1) : words;
}

function stepsFailed(structured: unknown): string {
  const steps = asRecord(structured)["steps"];
  if (!Array.isArray(steps)) return outcomeWords.failed;
  const failed = steps.filter((step) => asRecord(step)["status"] === "failed").length;
  return `${failed} of ${plural(steps.length, nounOf("steps", steps))} failed`;
}
