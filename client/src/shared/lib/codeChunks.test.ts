import { describe, expect, it } from "vitest";
import { CodeChunks } from "./codeChunks";
import { tokenize } from "./tokenize";

const code = Array.from({ length: 500 }, (_, line) => `SELECT ${line} AS n -- comment`).join("\n");
const whole = (text: string): string =>
  new CodeChunks()
    .update(text, "sql")
    .map((chunk) => chunk.text)
    .join("");

describe("code in chunks", () => {
  it("loses nothing and has the colours of the whole", () => {
    expect(whole(code)).toBe(code);
    const coloured = (tokens: readonly { kind: string; text: string }[]) => tokens.filter(({ kind }) => kind !== "plain");
    const chunks = new CodeChunks().update(code, "sql");
    expect(chunks.length).toBeGreaterThan(5);
    expect(chunks.flatMap(({ tokens }) => coloured(tokens))).toEqual(coloured(tokenize(code, "sql")));
  });

  it("is not cut inside a comment or a text of many lines", () => {
    const long = `SELECT 1\n/*${"\nx".repeat(100)}\n*/\n${code}`;
    const [first] = new CodeChunks().update(long, "sql");
    expect(first?.text).toContain("*/");
    expect(whole(long)).toBe(long);
  });

  it("keeps its finished chunks while it grows", () => {
    const chunks = new CodeChunks();
    let before = chunks.update("", "sql");
    for (let end = 0; end <= code.length; end += 97) {
      const after = chunks.update(code.slice(0, end), "sql");
      expect(after.map(({ text }) => text).join("")).toBe(code.slice(0, end));
      for (let index = 0; index < before.length - 1; index += 1) expect(after[index]).toBe(before[index]);
      before = after;
    }
  });

  it("begins anew for other code or another language", () => {
    const chunks = new CodeChunks();
    chunks.update(code, "sql");
    expect(chunks.update("a = 1", "python").map(({ text }) => text)).toEqual(["a = 1"]);
  });
});
