import { describe, expect, it } from "vitest";
import { seeded } from "../testing/random";
import { changeSize, diffLines } from "./lineDiff";

const told = (before: string, after: string): string =>
  diffLines(before, after)
    .map((hunk) => hunk.map(({ kind, text }) => `${{ same: " ", gone: "-", new: "+" }[kind]}${text}`).join("|"))
    .join(" … ");

describe("changed lines", () => {
  it.each([
    ["a\nb\nc\n", "a\nb\nc\n", ""],
    ["", "a\n", "+a"],
    ["a\n", "", "-a"],
    ["a\nb\nc\n", "a\nx\nc\n", " a|-b|+x| c"],
    ["a\nb\n", "a\nb\nc", " a| b|+c"],
    ["1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1!\n2\n3\n4\n5\n6\n7\n8\n9!\n", "-1|+1!| 2| 3| 4 …  6| 7| 8|-9|+9!"],
  ])("of %j and %j", (before, after, expected) => expect(told(before, after)).toBe(expected));

  it("are numbered in both texts", () => {
    expect(diffLines("a\nb\n", "x\na\nc\n")[0]?.map(({ before, after }) => [before, after])).toEqual([
      [null, 1],
      [1, 2],
      [2, null],
      [null, 3],
    ]);
    expect(changeSize(diffLines("a\nb\n", "x\na\nc\n"))).toBe("+2 −1");
  });

  it("make one text of the other, whatever they are", () => {
    const random = seeded(7);
    for (let round = 0; round < 300; round += 1) {
      const text = (): string[] => Array.from({ length: Math.floor(random() * 12) }, () => "abcd".charAt(Math.floor(random() * 4)));
      const [before, after] = [text(), text()];
      const lines = diffLines(before.map((line) => `${line}\n`).join(""), after.map((line) => `${line}\n`).join("")).flat();
      const kept = (kind: string): string[] => lines.filter((line) => line.kind === kind).map(({ text: line }) => line);
      for (const { kind, text: line, before: old, after: now } of lines) {
        if (kind !== "new") expect(before[(old ?? 0) - 1]).toBe(line);
        if (kind !== "gone") expect(after[(now ?? 0) - 1]).toBe(line);
      }
      expect(before.length - kept("gone").length).toBe(after.length - kept("new").length);
    }
  });

  it("of texts that have nothing in common are all gone and all new", () => {
    const many = (letter: string): string => Array.from({ length: 3_000 }, (_, line) => `${letter}${line}\n`).join("");
    expect(changeSize(diffLines(many("a"), many("b")))).toBe("+3000 −3000");
  });
});
