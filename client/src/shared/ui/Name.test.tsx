import { render } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { plainName } from "../lib/plainSight";
import { Name } from "./Name";

describe("a name", () => {
  it.each([
    ["report.md", "report.md"],
    ["Bericht über Köln 2026.md", "Bericht über Köln 2026.md"],
    ["تقرير.md", "تقرير.md"],
    ["rtl-\u202Efdp.md", "rtl-⟨U+202E⟩fdp.md"],
    ["a\u2066b\u2069", "a⟨U+2066⟩b⟨U+2069⟩"],
    ["line\nbreak", "line⏎break"],
    ["\u0000\u001B[31m", "⟨U+0000⟩⟨U+001B⟩[31m"],
    ["zero\u200Bwidth\uFEFF", "zero⟨U+200B⟩width⟨U+FEFF⟩"],
    ["no\u00A0break", "no⟨U+00A0⟩break"],
    [`far${" ".repeat(60)}.exe`, "far␣ × 60.exe"],
  ])("%j is shown as %j", (name, shown) => {
    const { container } = render(<Name text={name} />);
    expect(container.textContent).toBe(shown);
    expect(container.querySelector("bdi")).not.toBeNull();
    expect(plainName(name)).toBe(shown);
  });
});
