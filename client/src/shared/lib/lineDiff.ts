/** A text's lines and another's, told as what is gone and what is new. */
export interface DiffLine {
  readonly kind: "same" | "gone" | "new";
  readonly text: string;
  /** Line numbers before and after; `null` where the line is not there. */
  readonly before: number | null;
  readonly after: number | null;
}

/** A stretch of lines; between stretches the texts are the same. */
export type Hunk = readonly DiffLine[];

/** "+3 −1" */
export function changeSize(hunks: readonly Hunk[]): string {
  const lines = hunks.flat();
  const count = (kind: DiffLine["kind"]): number => lines.filter((line) => line.kind === kind).length;
  return `+${count("new")} −${count("gone")}`;
}

/** Lines around a change that are shown with it. */
const CONTEXT_LINES = 3;

/** Changes beyond this are told as everything gone and everything new: nobody reads them line by line. */
const MAX_CHANGES = 400;

/** The fewest lines that make `after` of `before`, in stretches with a few lines around; none where both are the same. */
export function diffLines(before: string, after: string): Hunk[] {
  return stretches(editScript(linesOf(before), linesOf(after)));
}

/** A text that ends with its last line's end has no further, empty line. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** What both begin and end with is the same; Myers' greedy search (1986) goes over the rest. */
function editScript(a: readonly string[], b: readonly string[]): DiffLine[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const [aEnd, bEnd] = [a.length - tail, b.length - tail];
  const lines: DiffLine[] = [];
  const same = (from: number, until: number, shift: number): void => {
    for (let at = from; at < until; at += 1) lines.push({ kind: "same", text: a[at] ?? "", before: at + 1, after: at + 1 + shift });
  };
  same(0, head, 0);
  let [x, y] = [head, head];
  for (const [toX, toY] of [...snakes(a.slice(head, aEnd), b.slice(head, bEnd)), [aEnd - head, bEnd - head] as const]) {
    // Lines that stay are passed diagonally; what is left of the way goes first down or right.
    while (x < toX + head || y < toY + head) {
      if (x < toX + head && y < toY + head && a[x] === b[y]) {
        same(x, x + 1, y - x);
        x += 1;
        y += 1;
      } else if (x < toX + head) {
        lines.push({ kind: "gone", text: a[x] ?? "", before: x + 1, after: null });
        x += 1;
      } else {
        lines.push({ kind: "new", text: b[y] ?? "", before: null, after: y + 1 });
        y += 1;
      }
    }
  }
  same(aEnd, a.length, b.length - a.length);
  return lines;
}

/** The points that the shortest way passes, each one edit behind the one before it; none where that is too far. */
function snakes(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  const max = Math.min(a.length + b.length, MAX_CHANGES);
  let reach = new Map<number, number>([[1, 0]]);
  const trail: Map<number, number>[] = [];
  for (let edits = 0; edits <= max; edits += 1) {
    trail.push(new Map(reach));
    const next = new Map(reach);
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = down ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return wayBack(trail, [a.length, b.length]);
    }
    reach = next;
  }
  return [];
}

function wayBack(trail: readonly Map<number, number>[], [endX, endY]: readonly [number, number]): (readonly [number, number])[] {
  const points: (readonly [number, number])[] = [];
  let [x, y] = [endX, endY];
  for (let edits = trail.length - 1; edits > 0; edits -= 1) {
    const reach = trail[edits] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -edits || (k !== edits && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const before = down ? k + 1 : k - 1;
    const fromX = reach.get(before) ?? 0;
    // Where the edit ended, and where it began.
    points.unshift([down ? fromX : fromX + 1, (down ? fromX : fromX + 1) - k]);
    points.unshift([fromX, fromX - before]);
    [x, y] = [fromX, fromX - before];
  }
  return points;
}

function stretches(lines: readonly DiffLine[]): Hunk[] {
  const hunks: DiffLine[][] = [];
  let shownUntil = 0;
  lines.forEach((line, at) => {
    if (line.kind === "same") return;
    const from = Math.max(0, at - CONTEXT_LINES);
    const until = Math.min(lines.length, at + 1 + CONTEXT_LINES);
    const last = hunks.at(-1);
    if (last === undefined || from > shownUntil) hunks.push(lines.slice(from, until));
    else last.push(...lines.slice(shownUntil, until));
    shownUntil = Math.max(shownUntil, until);
  });
  return hunks;
}
