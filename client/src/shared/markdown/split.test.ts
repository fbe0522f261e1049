import { describe, expect, it } from "vitest";
import { BlockSplitter, fencedCode, footnoteOf, splitBlocks } from "./split";

const items = (count: number, mark = "-"): string => Array.from({ length: count }, (_, index) => `${mark} item ${index}\n`).join("");

describe("a long list", () => {
  it("comes in parts, and loses nothing", () => {
    const text = `Before.\n\n${items(3_000)}\nAfter.`;
    const blocks = splitBlocks(text);
    expect(blocks.join("")).toBe(text);
    expect(blocks.length).toBeGreaterThan(70);
    expect(Math.max(...blocks.map((block) => block.split("\n").length))).toBeLessThan(60);
  });

  it("counts on in its later parts, whatever numbers are written", () => {
    const firsts = (text: string): (string | undefined)[] => splitBlocks(text).map((block) => block.split("\n")[0]);
    expect(firsts(items(100, "1."))).toEqual(["1. item 0", "41. item 40", "81. item 80"]);
    expect(firsts(Array.from({ length: 50 }, (_, index) => `${index + 7}) item\n`).join(""))).toEqual(["7) item", "47) item"]);
  });

  it("is not cut inside an item", () => {
    const nested = Array.from(
      { length: 100 },
      (_, index) => `- item ${index}\n  - inner\n    more\n\n  \`\`\`sql\n  SELECT ${index}\n  - no item\n  \`\`\`\n`,
    ).join("");
    const blocks = splitBlocks(nested);
    expect(blocks.join("")).toBe(nested);
    expect(blocks).toHaveLength(3);
    expect(blocks.every((block) => /^- item \d+\n/.test(block))).toBe(true);
  });

  it("may be loose", () => {
    const loose = items(100).replaceAll("\n", "\n\n");
    expect(splitBlocks(loose).join("")).toBe(loose);
    expect(splitBlocks(loose)).toHaveLength(3);
  });
});

describe("a fence", () => {
  it("stands alone, also without blank lines around it", () => {
    expect(splitBlocks("Look:\n```sql\nSELECT 1\n\nSELECT 2\n```\nDone.")).toEqual(["Look:\n", "```sql\nSELECT 1\n\nSELECT 2\n```\n", "Done."]);
  });

  it("in a list or a quote stays there", () => {
    for (const text of ["- one\n  ```\n  code\n  ```\n- two", "> ```\n> code\n> ```\n"]) expect(splitBlocks(text)).toEqual([text]);
  });

  it.each([
    ["```sql\nSELECT 1\n```\n", { language: "sql", code: "SELECT 1" }],
    ["```sql title=x\nSELECT 1", { language: "sql", code: "SELECT 1" }],
    ["~~~\na\n```\nb\n~~~", { language: "", code: "a\n```\nb" }],
    ["````md\n```\n````", { language: "md", code: "```" }],
    ["```", { language: "", code: "" }],
    ["```js", { language: "js", code: "" }],
    ["```\n```", { language: "", code: "" }],
    ["``` a`b\n", null],
    ["text", null],
  ])("%j is read", (block, code) => expect(fencedCode(block)).toEqual(code));
});

describe("footnotes", () => {
  const text = "One[^b] and two[^a].\n\nThree[^a], four[^nowhere].\n\n[^a]: The first.\n[^b]: The second\n    goes on.\n\nThe end.";

  it("are cut off, and numbered as they are mentioned", () => {
    const { blocks, notes } = new BlockSplitter().split(text);
    expect(blocks.join("")).toBe(text);
    expect([...notes]).toEqual([
      ["b", 1],
      ["a", 2],
    ]);
    expect(blocks.flatMap((block) => footnoteOf(block) ?? [])).toEqual([
      { label: "a", text: "The first." },
      { label: "b", text: "The second\ngoes on." },
    ]);
  });

  it("do not keep the text in one piece", () => {
    expect(splitBlocks(`${text}\n\n${items(100)}`).length).toBeGreaterThan(6);
  });
});

describe("a text that grows", () => {
  const text = `# T\n\nSee [a] and [^n].\n\n${items(90)}\n1. x\n\n2. y\n\n\`\`\`sql\nSELECT 1\n\n-- x\n\`\`\`\n\n| a |\n|---|\n| 1 |\n\n[a]: https://x.example\n[^n]: note\n`;

  it("is cut as if it had come at once, wherever the pieces end", () => {
    for (const step of [1, 2, 7, 64]) {
      const splitter = new BlockSplitter();
      for (let end = 0; end <= text.length; end += step) {
        expect(splitter.split(text.slice(0, end)).blocks).toEqual(splitBlocks(text.slice(0, end)));
      }
    }
  });

  it("begins anew when it is another text", () => {
    const splitter = new BlockSplitter();
    splitter.split(text);
    expect(splitter.split("Other.\n\nText.").blocks).toEqual(["Other.\n\n", "Text."]);
  });

  it("keeps all blocks but its last two", () => {
    const splitter = new BlockSplitter();
    let before: readonly string[] = [];
    for (let end = 0; end <= items(300).length; end += 13) {
      const { blocks } = splitter.split(items(300).slice(0, end));
      for (let index = 0; index < Math.min(before.length, blocks.length) - 2; index += 1) expect(blocks[index]).toBe(before[index]);
      before = blocks;
    }
  });
});
