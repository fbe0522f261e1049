import type { Delta } from "./view";

/**
 * Puts a piece at its place: the text up to `offset`, then the piece. Offsets count Unicode scalar values, as the host
 * counts, and not UTF-16 units. A piece that repeats what is there changes nothing, so replays never make text shrink.
 * `null`: the piece belongs further on than the text reaches.
 */
export function applyDelta(text: string, { offset, text: piece }: Delta): string | null {
  const index = indexOfScalar(text, offset);
  if (index === null) return null;
  if (text.startsWith(piece, index)) return text;
  return text.slice(0, index) + piece;
}

/** Applies a piece and then every early piece that fits by now. */
export function applyDeltas(text: string, early: readonly Delta[], delta: Delta): { text: string; early: readonly Delta[] } {
  const applied = applyDelta(text, delta);
  if (applied === null) return { text, early: [...early, delta] };
  let result = applied;
  let waiting = early;
  for (;;) {
    const left = waiting.filter((piece) => {
      const next = applyDelta(result, piece);
      if (next === null) return true;
      result = next;
      return false;
    });
    if (left.length === waiting.length) return { text: result, early: left };
    waiting = left;
  }
}

function indexOfScalar(text: string, scalars: number): number | null {
  // Without surrogate pairs, which is nearly always, units and scalars are the same.
  if (!/[\uD800-\uDBFF]/.test(text)) return scalars <= text.length ? scalars : null;
  let index = 0;
  for (let seen = 0; seen < scalars; seen += 1) {
    const code = text.codePointAt(index);
    if (code === undefined) return null;
    index += code > 0xffff ? 2 : 1;
  }
  return index;
}
