/** A long conversation comes in pages of turns; these are put together here. */
import type { ConversationView } from "./view";

/** Turns of one page; the host may send fewer when they are large. */
export const TURNS_PER_PAGE = 30;

/** The page before what is shown. */
export function prepend(before: ConversationView, shown: ConversationView): ConversationView {
  const known = new Set(shown.turns.map((turn) => turn.executionId));
  return { ...shown, turns: [...before.turns.filter((turn) => !known.has(turn.executionId)), ...shown.turns] };
}

/**
 * The newest page, loaded again, with the older turns that were there already. Where it does not meet them it stands
 * alone: a gap would look as if nothing had been said there.
 */
export function refresh(shown: ConversationView, newest: ConversationView): ConversationView {
  const first = newest.turns[0]?.executionId;
  const meets = shown.turns.findIndex((turn) => turn.executionId === first);
  return meets <= 0 ? newest : { ...newest, turns: [...shown.turns.slice(0, meets), ...newest.turns] };
}
