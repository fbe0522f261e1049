import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const sheets = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".css"));
const read = (file: string): string => readFileSync(join(root, file), "utf8");

describe("type", () => {
  it.each(sheets)("of %s has three weights, and nothing under 12 pixels", (file) => {
    const css = read(file);
    const weights = [...css.matchAll(/font(?:-weight)?: (\d{3})/g)].map(([, weight]) => Number(weight));
    expect(weights.filter((weight) => ![400, 550, 650].includes(weight))).toEqual([]);
    const sizes = [...css.matchAll(/(?:font-size: |font: \d{3} )([\d.]+)(rem|px)/g)].map(([, size, unit]) => Number(size) * (unit === "rem" ? 16 : 1));
    expect(sizes.filter((size) => size < 12)).toEqual([]);
  });

  it("has no focus ring in the colour of danger or of the brand", () => {
    const rings = sheets.flatMap((file) => [...read(file).matchAll(/outline: [^;]*var\((--[\w-]+)\)/g)].map(([, colour]) => colour));
    expect(rings.length).toBeGreaterThan(3);
    expect(new Set(rings)).toEqual(new Set(["--focus"]));
  });
});

const tokens = read("shared/styles/tokens.css");

function colours(name: string): [string, string] {
  const match = new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(tokens);
  if (match?.[1] === undefined || match[2] === undefined) throw new Error(`no two colours for ${name}`);
  return [match[1], match[2]];
}

/** Relative luminance, as WCAG 2 defines it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const grounds = ["paper", "surface", "raised", "sunken", "selected"];
const pairs = [
  ...["ink", "ink-soft", "ink-faint", "link", "bad", "brick"].flatMap((text) => grounds.map((ground) => [text, ground])),
  ...["good", "warn", "bad"].map((tone) => [tone, `${tone}-soft`]),
  ["brick", "brick-soft"],
  ["ink", "bad-soft"],
  ["ink", "warn-soft"],
  ["brick-ink", "brick"],
  ...["keyword", "string", "number", "comment", "name", "removed"].map((kind) => [`code-${kind}`, "sunken"]),
];

describe("colours", () => {
  it.each(pairs)("let %s be read on %s in both themes", (text = "", ground = "") => {
    const [light, dark] = [0, 1].map((theme) => contrast(colours(text)[theme] ?? "", colours(ground)[theme] ?? ""));
    expect(light).toBeGreaterThanOrEqual(4.5);
    expect(dark).toBeGreaterThanOrEqual(4.5);
  });

  it("tell an error from the brand, a choice and a link", () => {
    const shown = ["bad-soft", "brick-soft", "selected", "warn-soft"].map((name) => colours(name)[0]);
    expect(new Set(shown).size).toBe(shown.length);
    for (const name of ["brick-soft", "selected"]) {
      // Pink has more blue than sand has.
      const [, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(colours(name)[0].slice(at, at + 2), 16));
      expect(green - blue, name).toBeGreaterThan(8);
    }
  });
});
