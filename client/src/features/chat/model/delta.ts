import type { Delta } from "./view";

/** Text that arrives in pieces, with its length in Unicode scalar values: the host counts those, not UTF-16 units. */
export interface Growing {
  readonly text: string;
  readonly scalars: number;
  /** Pieces that arrived before the piece they continue. */
  readonly early: readonly Delta[];
}

/**
 * Puts a piece at its place: the text up to `offset`, then the piece. A piece that repeats what is there changes
 * nothing, so replays never make text shrink. `null`: the piece belongs further on than the text reaches.
 */
function applyDelta({ text, scalars }: Pick<Growing, "text" | "scalars">, { offset, text: piece }: Delta): Pick<Growing, "text" | "scalars"> | null {
  // Nearly always the piece continues the text; then nothing of what is there is looked at again.
  if (offset === scalars) return { text: text + piece, scalars: scalars + countScalars(piece) };
  if (offset > scalars) return null;
  const index = indexOfScalar(text, offset, scalars);
  if (text.startsWith(piece, index)) return { text, scalars };
  return { text: text.slice(0, index) + piece, scalars: offset + countScalars(piece) };
}

/** Applies a piece and then every early piece that fits by now. */
export function applyDeltas(before: Growing, delta: Delta): Growing {
  const applied = applyDelta(before, delta);
  if (applied === null) return { ...before, early: [...before.early, delta] };
  let result = applied;
  let waiting = before.early;
  for (;;) {
    const left = waiting.filter((piece) => {
      const next = applyDelta(result, piece);
      if (next === null) return true;
      result = next;
      return false;
    });
    if (left.length === waiting.length) return { ...result, early: left };
    waiting = left;
  }
}

export function countScalars(text: string): number {
  let pairs = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.codePointAt(index);
    if (code === undefined || code <= 0xffff) continue;
    pairs += 1;
    index += 1;
  }
  return text.length - pairs;
}

/** @param scalars how many the text has; `offset` is not beyond that. */
function indexOfScalar(text: string, offset: number, scalars: number): number {
  // Without surrogate pairs, which is nearly always, units and scalars are the same.
  if (scalars === text.length) return offset;
  let index = 0;
  for (let seen = 0; seen < offset; seen += 1) index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  return index;
}
