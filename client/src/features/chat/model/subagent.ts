/** A subagent's work in a line. */
import { formatCount, plural } from "@/shared/lib/format";
import { callName } from "./approval";
import type { ToolItem, TurnView } from "./view";

/** What it does now; once it has ended, how much it did. */
export function workName({ status, items }: TurnView): string {
  const calls = items.filter((item): item is ToolItem => item.kind === "tool");
  const made = calls.length === 0 ? "no calls" : plural(calls.length, "call");
  if (status !== "running") return `Its work: ${made}`;
  const last = items.at(-1);
  if (last === undefined) return "It begins";
  const now = last.kind === "tool" ? callName(last) : last.kind === "text" ? "Writing" : "Thinking";
  return `${made === "no calls" ? "" : `${made} · `}${now}`;
}

/** What it took; empty until that is known. */
export function workFigures({ summary }: TurnView): string {
  if (summary === null) return "";
  return `${plural(summary.steps, "step")} · ${formatCount(summary.inputTokens + summary.outputTokens)} tokens`;
}
