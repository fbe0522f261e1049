import { type Token, tokenize } from "./tokenize";

/** A stretch of whole lines with its colours. */
export interface CodeChunk {
  readonly text: string;
  readonly tokens: readonly Token[];
}

/** Lines that are coloured together; what they end inside of takes more of them. */
const LINES_PER_CHUNK = 60;
const MAX_LINES_PER_CHUNK = 600;
/** Text longer than this is shown plain: colours are not worth what they cost to draw. */
const MAX_COLOURED_LENGTH = 400_000;

/** Code that may be growing: what was coloured is not looked at again. */
export class CodeChunks {
  #language = "";
  #done: CodeChunk[] = [];
  #doneText = "";

  update(code: string, language: string): readonly CodeChunk[] {
    if (language !== this.#language || !code.startsWith(this.#doneText)) {
      this.#language = language;
      this.#done = [];
      this.#doneText = "";
    }
    for (;;) {
      const rest = code.slice(this.#doneText.length);
      const chunk = this.#nextWhole(rest);
      if (chunk === null) return rest === "" ? this.#done : [...this.#done, { text: rest, tokens: this.#tokens(rest) }];
      this.#done = [...this.#done, chunk];
      this.#doneText += chunk.text;
    }
  }

  /** A chunk that ends where nothing is open, with something after it; `null`: the rest is one. */
  #nextWhole(rest: string): CodeChunk | null {
    for (let lines = LINES_PER_CHUNK; lines <= MAX_LINES_PER_CHUNK; lines += LINES_PER_CHUNK) {
      const end = endOfLine(rest, lines);
      if (end === null) return null;
      const text = rest.slice(0, end);
      const tokens = this.#tokens(text);
      if (tokens.at(-1)?.kind === "plain" || lines === MAX_LINES_PER_CHUNK) return { text, tokens };
    }
    return null;
  }

  #tokens(text: string): Token[] {
    return this.#doneText.length > MAX_COLOURED_LENGTH ? [{ kind: "plain", text }] : tokenize(text, this.#language);
  }
}

/** Where so many lines end, if there are more. */
function endOfLine(text: string, lines: number): number | null {
  let at = 0;
  for (let line = 0; line < lines; line += 1) {
    at = text.indexOf("\n", at) + 1;
    if (at === 0) return null;
  }
  return at < text.length ? at : null;
}
