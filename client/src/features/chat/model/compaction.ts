/** Where what was said before was summarised for the model. */
import type { TurnView } from "./view";

/**
 * Turns before which a line is drawn, with what the model reads in the place of all above it. A line whose turn is not
 * loaded yet lies above all that is shown, and comes with it.
 */
export function summariesBefore(turns: readonly TurnView[]): ReadonlyMap<string, string> {
  const summaries = new Map<string, string>();
  for (const { compactions } of turns) {
    for (const { begins, summary } of compactions) {
      const first = turns.find((turn) => turn.firstSeq === begins);
      if (first !== undefined) summaries.set(first.executionId, summary);
    }
  }
  return summaries;
}
