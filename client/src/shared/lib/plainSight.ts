/**
 * Text as it is, with nothing in it that the eye misses: long runs of blanks and empty lines are folded into a mark
 * that says how many there are, and characters that show nothing or reorder what is beside them become marks.
 */
export type Piece =
  | { readonly kind: "text"; readonly text: string }
  /** In place of what cannot be seen. */
  | { readonly kind: "mark"; readonly text: string }
  /** Written from right to left: shown apart, so that it does not reorder its neighbours. */
  | { readonly kind: "rightToLeft"; readonly text: string };

export interface PlainLine {
  readonly pieces: readonly Piece[];
  /** About how many rows it takes when it is wrapped. */
  readonly rows: number;
}

/** Indentation and columns of what people write stay within this. */
const MAX_BLANKS = 16;
const MAX_EMPTY_LINES = 2;
const MAX_SAME_MARKS = 3;
/** Letters that carry more marks than this grow over other lines. */
const MAX_COMBINING = 4;
const ROW_LENGTH = 96;

export function inPlainSight(text: string): readonly PlainLine[] {
  const lines: PlainLine[] = [];
  const all = text.split(/\r\n|\n/);
  for (let index = 0; index < all.length;) {
    const empty = emptyLinesFrom(all, index);
    if (empty > MAX_EMPTY_LINES) {
      lines.push(lineOf([mark(`⏎ × ${empty} blank lines`)]));
      index += empty;
    } else {
      lines.push(lineOf(piecesOf(all[index] ?? "")));
      index += 1;
    }
  }
  return lines;
}

/** The beginning of a text, as much of it as fits into so many rows. */
export function firstRows(lines: readonly PlainLine[], rows: number): readonly PlainLine[] {
  const shown: PlainLine[] = [];
  let left = rows;
  for (const line of lines) {
    if (line.rows > left) {
      if (left > 0) shown.push(firstCharacters(line, left * ROW_LENGTH));
      break;
    }
    shown.push(line);
    left -= line.rows;
  }
  return shown;
}

function firstCharacters(line: PlainLine, length: number): PlainLine {
  let left = length;
  const pieces = line.pieces.flatMap((piece): Piece[] => {
    if (left <= 0) return [];
    const text = piece.text.slice(0, left);
    left -= text.length;
    return [{ ...piece, text }];
  });
  return lineOf(pieces);
}

/** One line of a name or a path, with everything in it to be seen. */
export function plainPieces(text: string): readonly Piece[] {
  return piecesOf(text.replaceAll(/\r\n|\n/g, "⏎"));
}

/** The same in one text, for titles, labels and what is read aloud. */
export function plainName(text: string): string {
  return plainPieces(text)
    .map((piece) => piece.text)
    .join("");
}

function emptyLinesFrom(lines: readonly string[], from: number): number {
  let count = 0;
  while (from + count < lines.length && /^\s*$/.test(lines[from + count] ?? "")) count += 1;
  return count;
}

function lineOf(pieces: readonly Piece[]): PlainLine {
  const length = pieces.reduce((sum, piece) => sum + piece.text.length, 0);
  return { pieces, rows: Math.max(1, Math.ceil(length / ROW_LENGTH)) };
}

const unseen =
  /* Blanks, everything of Unicode's "other" classes (control, format, private, unassigned, halves of pairs), line and
     paragraph separators, other spaces, and letters that draw nothing. */
  /(?<blanks>[ \t]+)|(?<hidden>[\p{C}\p{Zl}\p{Zp}\p{DI}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u2800])|(?<heaped>\p{M}{5,})|(?<rightToLeft>[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Samaritan}\p{Script=Mandaic}\p{Script=Adlam}\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]+)/gu;

function piecesOf(line: string): Piece[] {
  const pieces: Piece[] = [];
  let plain = "";
  const flush = (): void => {
    if (plain !== "") pieces.push({ kind: "text", text: plain });
    plain = "";
  };
  const add = (piece: Piece): void => {
    flush();
    pieces.push(piece);
  };
  let at = 0;
  for (const match of line.matchAll(unseen)) {
    plain += line.slice(at, match.index);
    at = match.index + match[0].length;
    const { blanks, hidden, heaped, rightToLeft } = match.groups ?? {};
    if (blanks !== undefined) {
      if (blanks.length > MAX_BLANKS) add(mark(`${/^\t+$/.test(blanks) ? "⇥" : "␣"} × ${blanks.length}`));
      else plain += blanks;
    } else if (hidden !== undefined) {
      // The sign that makes the character before it a picture is part of that picture.
      if (hidden === "\ufe0f" && /\p{Extended_Pictographic}$/u.test(line.slice(0, match.index))) plain += hidden;
      else add(mark(codePoint(hidden)));
    } else if (heaped !== undefined) {
      const shown = [...heaped];
      plain += shown.slice(0, MAX_COMBINING).join("");
      add(mark(`⟨${shown.length - MAX_COMBINING} more marks⟩`));
    } else if (rightToLeft !== undefined) add({ kind: "rightToLeft", text: rightToLeft });
  }
  plain += line.slice(at);
  flush();
  return foldSame(pieces);
}

/** Many of the same mark in a row say no more than one with their number. */
function foldSame(pieces: readonly Piece[]): Piece[] {
  const folded: Piece[] = [];
  for (let index = 0; index < pieces.length;) {
    const piece = pieces[index];
    if (piece === undefined) break;
    let end = index + 1;
    while (piece.kind === "mark" && pieces[end]?.kind === "mark" && pieces[end]?.text === piece.text) end += 1;
    if (end - index > MAX_SAME_MARKS) folded.push(mark(`${piece.text} × ${end - index}`));
    else folded.push(...pieces.slice(index, end));
    index = end;
  }
  return folded;
}

function mark(text: string): Piece {
  return { kind: "mark", text };
}

function codePoint(character: string): string {
  return `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}
