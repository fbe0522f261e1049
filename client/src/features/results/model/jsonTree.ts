/** JSON read without losing a digit: numbers stay as they were written. */

export type JsonNode =
  | { readonly kind: "object"; readonly entries: readonly (readonly [string, JsonNode])[] }
  | { readonly kind: "array"; readonly items: readonly JsonNode[] }
  | { readonly kind: "string"; readonly text: string }
  /** A number as written, `true`, `false` or `null`. */
  | { readonly kind: "word"; readonly text: string };

/** Deeper is shown as text. */
const MAX_DEPTH = 100;
/** So are values of more parts. */
const MAX_NODES = 20_000;

/** `null`: it is no JSON, or too deep or too large for a tree. */
export function readJson(text: string): JsonNode | null {
  try {
    const reader = new Reader(text);
    const node = reader.value(0);
    return reader.atEnd() ? node : null;
  } catch {
    return null;
  }
}

class Reader {
  readonly #text: string;
  #at = 0;
  #nodes = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    this.#blanks();
    return this.#at === this.#text.length;
  }

  value(depth: number): JsonNode {
    this.#nodes += 1;
    if (depth > MAX_DEPTH || this.#nodes > MAX_NODES) throw new RangeError("too deep or too large");
    this.#blanks();
    const next = this.#text[this.#at];
    if (next === "{") return { kind: "object", entries: this.#list("}", () => this.#entry(depth)) };
    if (next === "[") return { kind: "array", items: this.#list("]", () => this.value(depth + 1)) };
    if (next === '"') return { kind: "string", text: this.#string() };
    return { kind: "word", text: this.#take(/true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y) };
  }

  #entry(depth: number): readonly [string, JsonNode] {
    this.#blanks();
    const name = this.#string();
    this.#blanks();
    this.#take(/:/y);
    return [name, this.value(depth + 1)];
  }

  #list<T>(end: string, read: () => T): T[] {
    this.#at += 1;
    this.#blanks();
    const items: T[] = [];
    if (this.#text[this.#at] === end) {
      this.#at += 1;
      return items;
    }
    for (;;) {
      items.push(read());
      this.#blanks();
      if (this.#take(/[,}\]]/y) === ",") continue;
      if (this.#text[this.#at - 1] !== end) throw new SyntaxError("a list ends as another");
      return items;
    }
  }

  #string(): string {
    return JSON.parse(this.#take(/"(?:[^"\\]|\\.)*"/y)) as string;
  }

  #blanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at += 1;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw new SyntaxError(`unexpected at ${this.#at}`);
    this.#at += found.length;
    return found;
  }
}
