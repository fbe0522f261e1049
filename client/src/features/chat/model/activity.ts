import { describeTool } from "./describeTool";
import type { ToolItem, TurnView } from "./view";

/** What a running turn is doing, in words; `null` when what is on screen already shows it. */
export function activityOf(turn: TurnView, stopping: boolean): string | null {
  if (stopping) return "Stopping…";
  if (turn.retry !== null) {
    const reason = turn.retry.reason === "" ? "The model did not answer" : turn.retry.reason;
    return `${reason}. Trying again in ${Math.max(1, Math.round(turn.retry.delayMs / 1_000))} s (attempt ${turn.retry.attempt + 1})`;
  }
  const last = turn.items.at(-1);
  if (last === undefined) return "Starting…";
  const waiting = turn.items.find((item): item is ToolItem => item.kind === "tool" && item.status === "waiting");
  // The question itself is on screen.
  if (waiting !== undefined) return null;
  if (last.kind === "tool") {
    if (last.result === null) return `${describeTool(last.name, last.input).title}…`;
    return "Reading the result…";
  }
  if (last.kind === "thinking") return last.final || last.endedAt !== null ? "Working…" : null;
  return last.final ? "Working…" : null;
}
