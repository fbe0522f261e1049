/** A long conversation comes in pages of turns, and a turn that is large by itself in parts; here they are put together. */
import type { ConversationView, Item, ToolItem, TurnView } from "./view";

/** Turns of one page; the host may send fewer when they are large. */
export const TURNS_PER_PAGE = 30;

/** The page before what is shown. */
export function prepend(before: ConversationView, shown: ConversationView): ConversationView {
  const [first, ...others] = shown.turns;
  const early = before.turns.find((turn) => turn.executionId === first?.executionId);
  const turns = first === undefined || early === undefined ? shown.turns : [joinParts(early, first), ...others];
  const known = new Set(turns.map((turn) => turn.executionId));
  return { ...shown, turns: [...before.turns.filter((turn) => !known.has(turn.executionId)), ...turns] };
}

/**
 * The newest page, loaded again, with the older turns that were there already. Where it does not meet them it stands
 * alone: a gap would look as if nothing had been said there.
 */
export function refresh(shown: ConversationView, newest: ConversationView): ConversationView {
  const [first, ...others] = newest.turns;
  const meets = shown.turns.findIndex((turn) => turn.executionId === first?.executionId);
  const early = shown.turns[meets];
  if (first === undefined || early === undefined || meets === 0) return newest;
  return { ...newest, turns: [...shown.turns.slice(0, meets), joinParts(early, first), ...others] };
}

/** One turn from its beginning and its end, each of which was folded by itself; they may overlap. */
function joinParts(early: TurnView, late: TurnView): TurnView {
  const items = new Map<string, Item>(early.items.map((item) => [keyOf(item), item]));
  let last = early.items.at(-1)?.order ?? -Infinity;
  for (const item of late.items) {
    const before = items.get(keyOf(item));
    // What only the later part knows stands behind all of the earlier one.
    const order = before?.order ?? Math.max(item.order, last + 1);
    last = Math.max(last, order);
    items.set(keyOf(item), before?.kind === "tool" && item.kind === "tool" ? joinCalls(before, item) : { ...item, order });
  }
  return {
    ...late,
    firstSeq: early.firstSeq ?? late.firstSeq,
    compactions: [...early.compactions, ...late.compactions.filter(({ seq }) => early.compactions.every((known) => known.seq !== seq))],
    notes: early.notes ?? late.notes,
    message: late.message === "" ? early.message : late.message,
    at: early.at ?? late.at,
    settings: late.settings ?? early.settings,
    model: late.model ?? early.model,
    step: Math.max(early.step, late.step),
    items: [...items.values()].toSorted((a, b) => a.order - b.order),
  };
}

/** The end of a call says neither its arguments nor where it stands. */
function joinCalls(early: ToolItem, late: ToolItem): ToolItem {
  return {
    ...early,
    name: late.name === "" ? early.name : late.name,
    input: late.input ?? early.input,
    status: late.result === null && early.result !== null ? early.status : late.status,
    approval: late.approval ?? early.approval,
    startedAt: early.startedAt ?? late.startedAt,
    progress: late.progress ?? early.progress,
    result: late.result ?? early.result,
  };
}

function keyOf(item: Item): string {
  return `${item.kind === "tool" ? "tool" : "prose"} ${item.key}`;
}
