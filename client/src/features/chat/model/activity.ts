import type { TurnView } from "./view";

export interface Activity {
  readonly text: string;
  /** What is on screen already says it; only a sign of life is shown. */
  readonly quiet: boolean;
}

/** What a running turn is doing; `null` while something on screen moves by itself or waits for the user. */
export function activityOf(turn: TurnView, stopping: boolean): Activity | null {
  if (stopping) return said("Stopping…");
  if (turn.retry !== null) {
    const reason = turn.retry.reason === "" ? "The model did not answer" : turn.retry.reason.replace(/\.$/, "");
    return said(`${reason}. Trying again in ${Math.max(1, Math.round(turn.retry.delayMs / 1_000))} s (attempt ${turn.retry.attempt + 1})`);
  }
  const last = turn.items.at(-1);
  if (last === undefined) return said("Starting…");
  // A running card has its own sign of life, and an open question needs none.
  if (turn.items.some((item) => item.kind === "tool" && item.result === null)) return null;
  if (last.kind === "tool") return said("Reading the result…");
  if (last.kind === "thinking") return last.final || last.endedAt !== null ? said("Working…") : null;
  return last.final ? said("Working…") : { text: "Writing…", quiet: true };
}

function said(text: string): Activity {
  return { text, quiet: false };
}
