import { formatDuration } from "@/shared/lib/format";
import type { TurnView } from "./view";

export interface Activity {
  readonly text: string;
  /** What is on screen already says it; only a sign of life is shown. */
  readonly quiet: boolean;
}

/** Longer than that, people want to know how long. */
const CLOCK_AFTER_MS = 3_000;

/** What a running turn is doing; `null` while something on screen moves by itself or waits for the user. */
export function activityOf(turn: TurnView, stopping: boolean, now: number): Activity | null {
  if (stopping) return said("Stopping…");
  if (turn.retry !== null) return said(retrying(turn.retry, now));
  const last = turn.items.at(-1);
  if (last === undefined) return said(`Starting…${since(turn.at, now)}`);
  // A running card has its own sign of life, and an open question needs none.
  if (turn.items.some((item) => item.kind === "tool" && item.result === null)) return null;
  if (last.kind === "tool") return said("Reading the result…");
  if (last.kind === "thinking") return last.final || last.endedAt !== null ? said("Working…") : null;
  return last.final ? said("Working…") : { text: "Writing…", quiet: true };
}

function retrying({ reason, attempt, delayMs, at }: NonNullable<TurnView["retry"]>, now: number): string {
  const why = reason === "" ? "The model did not answer" : reason.replace(/\.$/, "");
  const began = at === null ? now : Math.min(now, Date.parse(at));
  const seconds = Math.ceil((began + delayMs - now) / 1_000);
  return `${why}. ${seconds > 0 ? `Trying again in ${seconds} s` : "Trying again…"} (attempt ${attempt + 1})`;
}

function since(at: string | null, now: number): string {
  const waited = at === null ? 0 : now - Date.parse(at);
  return waited < CLOCK_AFTER_MS ? "" : ` · ${formatDuration(Math.floor(waited / 1_000) * 1_000)}`;
}

function said(text: string): Activity {
  return { text, quiet: false };
}
