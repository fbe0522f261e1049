/**
 * What Markdown may be before it is drawn: its parser works in the depth of the call stack and, for some texts, in the
 * square of their length. A block beyond a bound is shown as it was written; nobody writes one to be read otherwise.
 */

/** Characters of a block that is not one piece of code. */
const MAX_BLOCK_CHARS = 100_000;
/** Quotes and lists that begin in one line, inside each other. */
const MAX_LINE_CONTAINERS = 40;
/** Columns of a table. */
const MAX_LINE_PIPES = 500;
/** Cells of all lines. */
const MAX_PIPES = 20_000;
/** Asterisks or underscores in a row. */
const MAX_RUN = 200;
/** Emphasis in emphasis. */
const MAX_EMPHASIS = 50;
/** Marks of emphasis: each looks for its partner among those before it. */
const MAX_MARKS = 10_000;
/** Brackets that wait for their end, in one paragraph. */
const MAX_OPEN = 100;
/** Brackets of a block: each may begin a link or a footnote, and is looked up. */
const MAX_BRACKETS = 4_000;
/** The drawn tree. */
const MAX_TREE_DEPTH = 100;
const MAX_TREE_NODES = 30_000;

const container = /[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]))/y;
const fence = /^[ \t]*(?:(?:>|[-*+]|\d{1,9}[.)])[ \t]*)*(`{3,}|~{3,})/;

/** Whether a block can be given to the parser. Looks at each character once or twice. */
export function isDrawable(block: string): boolean {
  const inside = new Paragraph();
  let open: string | null = null;
  let outside = 0;
  for (const line of lines(block)) {
    // Only the outermost fence counts here, and its lines are not parsed.
    const marks = line.length < MAX_BLOCK_CHARS ? fence.exec(line)?.[1] : undefined;
    if (open !== null) {
      if (marks?.startsWith(open) === true) open = null;
      continue;
    }
    if (marks !== undefined) {
      open = marks;
      continue;
    }
    outside += line.length + 1;
    if (outside > MAX_BLOCK_CHARS || containers(line) > MAX_LINE_CONTAINERS || !inside.take(line)) return false;
  }
  return true;
}

function* lines(text: string): Generator<string> {
  let from = 0;
  for (;;) {
    const to = text.indexOf("\n", from);
    if (to === -1) break;
    yield text.slice(from, to);
    from = to + 1;
  }
  yield text.slice(from);
}

/** How many quotes and lists begin at the start of a line. */
function containers(line: string): number {
  let count = 0;
  container.lastIndex = 0;
  while (count <= MAX_LINE_CONTAINERS && container.test(line)) count += 1;
  return count;
}

/** Counts what is open in a paragraph. */
class Paragraph {
  /** For each mark that waits for its end: how deep what stands behind it nests. */
  #open: number[] = [];
  #marks = 0;
  #brackets = 0;
  #allBrackets = 0;
  #allPipes = 0;

  /** A run of marks between two characters: ends what the last one began, else begins something. */
  #mark(before: string, after: string): boolean {
    this.#marks += 1;
    const inner = isBlank(before) ? undefined : this.#open.pop();
    if (inner !== undefined) {
      const outer = this.#open.pop();
      if (outer !== undefined) this.#open.push(Math.max(outer, inner + 1));
      if (inner + 1 > MAX_EMPHASIS) return false;
    } else if (!isBlank(after)) this.#open.push(0);
    return this.#marks <= MAX_MARKS;
  }

  take(line: string): boolean {
    if (line.trim() === "") {
      this.#open = [];
      this.#brackets = 0;
      return true;
    }
    let pipes = 0;
    let run = 0;
    for (let at = 0; at < line.length; at += 1) {
      const character = line[at];
      if (character === "*" || character === "_" || character === "~") {
        run = line[at - 1] === character ? run + 1 : 1;
        if (line[at + 1] !== character && !this.#mark(line[at - run] ?? " ", line[at + 1] ?? " ")) return false;
      } else if (character === "[") {
        this.#brackets += 1;
        this.#allBrackets += 1;
      } else if (character === "]") this.#brackets = Math.max(0, this.#brackets - 1);
      else if (character === "|") pipes += 1;
      if (run > MAX_RUN || pipes > MAX_LINE_PIPES || this.#brackets > MAX_OPEN) return false;
    }
    this.#allPipes += pipes;
    return this.#allBrackets <= MAX_BRACKETS && this.#allPipes <= MAX_PIPES;
  }
}

function isBlank(character: string): boolean {
  return character === " " || character === "\t";
}

interface Node {
  type: string;
  children?: Node[];
}

/** A Markdown plugin, before all others: refuses a tree that is too deep or too large to be drawn. */
export function boundTree() {
  return (tree: Node): void => {
    const rest: [Node, number][] = [[tree, 0]];
    let nodes = 0;
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const [node, depth] = next;
      nodes += 1;
      if (depth > MAX_TREE_DEPTH || nodes > MAX_TREE_NODES) throw new RangeError("the text nests too deeply or has too many parts");
      for (const child of node.children ?? []) rest.push([child, depth + 1]);
    }
  };
}
