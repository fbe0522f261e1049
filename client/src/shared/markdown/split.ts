/**
 * Cuts Markdown into top-level blocks so that, while text streams in, only the end is read and parsed again.
 * The cut is careful rather than clever: at blank lines outside fences, around fences, before footnotes, and, in long
 * lists, between items. Quotes, HTML and what continues a list stay together. Joining the blocks with nothing gives the
 * text back, but for the numbers of a long list's later parts.
 */

export interface Split {
  readonly blocks: readonly string[];
  /** Labels of footnotes that are defined, with their numbers in the order in which they are mentioned. */
  readonly notes: ReadonlyMap<string, number>;
}

/** Items of one part of a list: few enough to be parsed in a moment. */
const ITEMS_PER_PART = 40;

/** One text that grows: what was cut stays cut. */
export class BlockSplitter {
  #seen = "";
  #state = emptyState();

  /** How long the last block is, of which every piece is parsed anew; code is drawn by its lines and counts for nothing. */
  get tailLength(): number {
    const { current, fence } = this.#state;
    return fence?.top === true ? 0 : current.length;
  }

  split(text: string): Split {
    if (!text.startsWith(this.#seen)) {
      this.#seen = "";
      this.#state = emptyState();
    }
    const complete = text.lastIndexOf("\n") + 1;
    for (const line of text.slice(this.#seen.length, complete).split(/(?<=\n)/)) if (line !== "") take(this.#state, line);
    this.#seen = text.slice(0, Math.max(complete, this.#seen.length));
    const rest = text.slice(complete);
    const state = rest === "" ? this.#state : copyOf(this.#state);
    if (rest !== "") take(state, rest);
    const blocks = state.current === "" ? state.blocks : [...state.blocks, state.current];
    return { blocks: withDefinitions(blocks, state.definitions), notes: numbersOf(state) };
  }
}

/** @see BlockSplitter for a text that grows. */
export function splitBlocks(markdown: string): string[] {
  return [...new BlockSplitter().split(markdown).blocks];
}

interface State {
  blocks: string[];
  current: string;
  fence: Fence | null;
  /** The line before was blank. */
  blank: boolean;
  /** The list that the current block is. */
  list: List | null;
  /** Link definitions, by their label in small letters. */
  definitions: Map<string, string>;
  /** Labels of footnotes, as they are mentioned. */
  mentioned: Set<string>;
  defined: Set<string>;
}

interface Fence {
  mark: string;
  length: number;
  /** Stands by itself and not in a list or a quote. */
  top: boolean;
}

interface List {
  kind: string;
  /** Where its items' contents begin: a mark further in belongs to an item. */
  indent: number;
  /** Items of the current part. */
  items: number;
  /** The next item's number, whatever is written there. */
  next: number;
}

function emptyState(): State {
  return { blocks: [], current: "", fence: null, blank: false, list: null, definitions: new Map(), mentioned: new Set(), defined: new Set() };
}

function copyOf(state: State): State {
  return {
    ...state,
    blocks: [...state.blocks],
    list: state.list === null ? null : { ...state.list },
    definitions: new Map(state.definitions),
    mentioned: new Set(state.mentioned),
    defined: new Set(state.defined),
  };
}

function take(state: State, line: string): void {
  const isBlank = line.trim() === "";
  const wasFence = state.fence;
  const fence = nextFence(wasFence, line, state.list);
  if (wasFence !== null) {
    append(state, line);
    state.fence = fence;
    if (fence === null && wasFence.top) cutHere(state);
    state.blank = false;
    return;
  }
  const note = footnote.exec(line);
  const item = state.list === null ? null : itemOf(state.list, line);
  if (fence?.top === true || note !== null || (state.blank && !isBlank && !continues(state, line))) cutHere(state);
  else if (item !== null && state.list !== null && state.list.items >= ITEMS_PER_PART) {
    const list = state.list;
    cutHere(state);
    state.list = { ...list, items: 0 };
  }
  look(state, line, note);
  if (state.current === "" && state.list === null) state.list = listOf(line);
  const list = state.list;
  const begins = list === null ? null : itemOf(list, line);
  if (list === null || begins === null) append(state, line);
  else {
    // Only where a part begins: elsewhere the list counts by itself.
    append(state, list.items === 0 && list.next !== begins.number && begins.number !== null ? renumbered(line, list.next) : line);
    state.list = { ...list, indent: begins.indent, items: list.items + 1, next: list.next + 1 };
  }
  state.fence = fence;
  state.blank = isBlank;
}

function append(state: State, line: string): void {
  state.current += line;
}

function cutHere(state: State): void {
  if (state.current !== "") state.blocks.push(state.current);
  state.current = "";
  state.list = null;
}

// ---- Lists ----

const listMark = /^( {0,3})(?:([-*+])|(\d{1,9})([.)]))( +|\t|$)/;

function listOf(line: string): List | null {
  const match = listMark.exec(line.trimEnd() === "" ? line : line.replace(/\n$/, ""));
  if (match === null) return null;
  return { kind: match[2] ?? match[4] ?? "", indent: 0, items: 0, next: match[3] === undefined ? 1 : Number(match[3]) };
}

/** The item of the list that begins with this line, and not one inside another item. */
function itemOf(list: List, line: string): { indent: number; number: number | null } | null {
  const match = listMark.exec(line.replace(/\n$/, ""));
  if (match === null) return null;
  const [whole, before = "", bullet, digits, delimiter, space = ""] = match;
  if ((bullet ?? delimiter) !== list.kind) return null;
  if (list.items + list.indent > 0 && before.length >= list.indent) return null;
  // A mark with much space after it has its content one further in, and the rest is the content's own.
  const indent = space.length > 4 ? whole.length - space.length + 1 : whole.length;
  return { indent: Math.max(indent, before.length + 2), number: digits === undefined ? null : Number(digits) };
}

function renumbered(line: string, number: number): string {
  return line.replace(/\d+/, String(number));
}

/** Whether a line after a blank one still belongs to the block: indented text, or the next item of a list. */
function continues(state: State, line: string): boolean {
  if (state.list !== null) return /^(?: {2,}|\t)\S/.test(line) || itemOf(state.list, line) !== null;
  return /^(?: {4}|\t)/.test(line) || (footnote.test(state.current) && /^(?: {2,}|\t)/.test(line));
}

// ---- Fences ----

function nextFence(fence: Fence | null, line: string, list: List | null): Fence | null {
  const match = /^(\s*)((?:[-*+]\s+|\d{1,9}[.)]\s+|>\s?)*)(`{3,}|~{3,})(.*)$/.exec(line.trimEnd());
  const marks = match?.[3];
  if (marks === undefined) return fence;
  const mark = marks.charAt(0);
  const rest = match?.[4] ?? "";
  if (fence === null) {
    if (mark === "`" && rest.includes("`")) return null;
    const indent = match?.[1]?.length ?? 0;
    return { mark, length: marks.length, top: match?.[2] === "" && indent < 4 && (list === null || indent < list.indent) };
  }
  const closes = mark === fence.mark && marks.length >= fence.length && rest.trim() === "";
  return closes ? null : fence;
}

export interface FencedCode {
  readonly language: string;
  readonly code: string;
}

/** A block that is one fence and nothing else; it may still be open. */
export function fencedCode(block: string): FencedCode | null {
  const head = /^(`{3,}|~{3,})([^\n]*)(?:\n|$)/.exec(block);
  if (head === null) return null;
  const [opening, marks = "", info = ""] = head;
  if (marks.startsWith("`") && info.includes("`")) return null;
  const body = block.slice(opening.length);
  const closing = new RegExp(`(?:^|\\n) {0,3}${marks.charAt(0) === "`" ? "`" : "~"}{${marks.length},}[ \\t]*\\n*$`).exec(body);
  const code = closing === null ? body.replace(/\n$/, "") : body.slice(0, closing.index);
  return { language: info.trim().split(/\s/)[0] ?? "", code };
}

// ---- Definitions and footnotes ----

const footnote = /^ {0,3}\[\^([^\]\s]+)\]:/;
const definition = /^ {0,3}\[([^\]^][^\]]*)\]:[ \t]*\S/;

function look(state: State, line: string, note: RegExpExecArray | null): void {
  const label = definition.exec(line)?.[1];
  if (label !== undefined) state.definitions.set(label.toLowerCase(), line.trimEnd());
  if (note?.[1] !== undefined) state.defined.add(note[1]);
  if (!line.includes("[^")) return;
  for (const [, mentioned = ""] of line.matchAll(/\[\^([^\]\s]+)\](?!:)/g)) state.mentioned.add(mentioned);
}

function numbersOf({ mentioned, defined }: State): ReadonlyMap<string, number> {
  if (defined.size === 0) return none;
  const order = [...mentioned].filter((label) => defined.has(label));
  for (const label of defined) if (!mentioned.has(label)) order.push(label);
  return new Map(order.map((label, index) => [label, index + 1]));
}

const none: ReadonlyMap<string, number> = new Map();

/** Each block gets the link definitions that it mentions, wherever they stand. */
function withDefinitions(blocks: readonly string[], definitions: ReadonlyMap<string, string>): readonly string[] {
  if (definitions.size === 0) return blocks;
  return blocks.map((block) => {
    if (!block.includes("[") || fencedCode(block) !== null) return block;
    const small = block.toLowerCase();
    const wanted = [...definitions].filter(([label]) => small.includes(`[${label}]`)).map(([, line]) => line);
    return wanted.length === 0 ? block : `${block}\n\n${wanted.join("\n")}`;
  });
}

export interface Footnote {
  readonly label: string;
  readonly text: string;
}

/** A block that defines a footnote, without its mark. */
export function footnoteOf(block: string): Footnote | null {
  const match = footnote.exec(block);
  if (match?.[1] === undefined) return null;
  const text = block
    .slice(match[0].length)
    .replaceAll(/\n(?: {1,4}|\t)/g, "\n")
    .trim();
  return { label: match[1], text };
}
