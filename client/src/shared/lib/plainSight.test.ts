import { describe, expect, it } from "vitest";
import { firstRows, inPlainSight, plainPieces } from "./plainSight";

const shown = (text: string): string[] =>
  inPlainSight(text).map(({ pieces }) => pieces.map((piece) => (piece.kind === "mark" ? `[${piece.text}]` : piece.text)).join(""));

describe("in plain sight", () => {
  it.each([
    ["SELECT 1", ["SELECT 1"]],
    ["a\n\n\nb", ["a", "", "", "b"]],
    [`SELECT 1;${"\n".repeat(61)}DROP SCHEMA main.sales CASCADE`, ["SELECT 1;", "[⏎ × 60 blank lines]", "DROP SCHEMA main.sales CASCADE"]],
    [`SELECT 1;${"\r\n \t".repeat(60)}\r\nDROP`, ["SELECT 1;", "[⏎ × 60 blank lines]", "DROP"]],
    [`a${" ".repeat(300)}OR 1 = 1`, ["a[␣ × 300]OR 1 = 1"]],
    [`${" ".repeat(16)}deep`, [`${" ".repeat(16)}deep`]],
    [`a${"\t".repeat(40)}b`, ["a[⇥ × 40]b"]],
    ["rtl-\u202efdp.md", ["rtl-[⟨U+202E⟩]fdp.md"]],
    ["a\u2066b\u2069c\u200fd\u061ce", ["a[⟨U+2066⟩]b[⟨U+2069⟩]c[⟨U+200F⟩]d[⟨U+061C⟩]e"]],
    ["DROP\u200bTABLE", ["DROP[⟨U+200B⟩]TABLE"]],
    [`a${"\u200b".repeat(50)}b`, ["a[⟨U+200B⟩ × 50]b"]],
    ["a\u0000b\u001b[2Kc\u007fd\u0085e", ["a[⟨U+0000⟩]b[⟨U+001B⟩][2Kc[⟨U+007F⟩]d[⟨U+0085⟩]e"]],
    ["SELECT 1 \rDROP", ["SELECT 1 [⟨U+000D⟩]DROP"]],
    ["a\u2028b\u2029c\u000bd\u000ce", ["a[⟨U+2028⟩]b[⟨U+2029⟩]c[⟨U+000B⟩]d[⟨U+000C⟩]e"]],
    ["a\u00a0b\u3000c\u2800d\u3164e", ["a[⟨U+00A0⟩]b[⟨U+3000⟩]c[⟨U+2800⟩]d[⟨U+3164⟩]e"]],
    ["a\u{e0041}b\ufeffc\u00add", ["a[⟨U+E0041⟩]b[⟨U+FEFF⟩]c[⟨U+00AD⟩]d"]],
    ["half \ud83d pair", ["half [⟨U+D83D⟩] pair"]],
    ["brick 🧱, done ✔️, ü, 漢字", ["brick 🧱, done ✔️, ü, 漢字"]],
    [`e${"\u0301".repeat(20)}`, [`e${"\u0301".repeat(4)}[⟨16 more marks⟩]`]],
  ])("%j", (text, lines) => expect(shown(text)).toEqual(lines));

  it("sets apart what runs from right to left", () => {
    expect(plainPieces("a שלום 1")).toEqual([
      { kind: "text", text: "a " },
      { kind: "rightToLeft", text: "שלום" },
      { kind: "text", text: " 1" },
    ]);
  });

  it("counts the rows of what is wrapped", () => {
    expect(inPlainSight(`${"x".repeat(960)}\ny`).map(({ rows }) => rows)).toEqual([10, 1]);
  });

  it.each([
    ["a\nb\nc", 2, "a|b"],
    ["x".repeat(1_000), 2, "x".repeat(192)],
    [`a\n${"x".repeat(1_000)}\nb`, 3, `a|${"x".repeat(192)}`],
    ["a", 40, "a"],
  ])("begins %j in %i rows", (text, rows, beginning) => {
    const lines = firstRows(inPlainSight(text), rows);
    expect(lines.map(({ pieces }) => pieces.map((piece) => piece.text).join("")).join("|")).toBe(beginning);
  });
});
