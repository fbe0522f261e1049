import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { matchShortcut, shortcuts } from "./shortcuts";

const root = join(import.meta.dirname, "..");
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file) && !file.endsWith("schema.d.ts"));

/** What a file imports, as paths below src/. */
function imports(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/(?:from |import\()"([^"]+)"/g)].flatMap(([, target = ""]) => {
    if (target.startsWith("@/")) return [target.slice(2)];
    return target.startsWith(".") ? [relative(root, join(root, file, "..", target))] : [];
  });
}

describe("imports", () => {
  it.each(files)("of %s run from shared to features to app", (file) => {
    const [layer = "", feature] = file.split("/");
    for (const target of imports(file)) {
      const [targetLayer = "", targetFeature] = target.split("/");
      if (layer === "shared") expect(["shared"], `${file} imports ${target}`).toContain(targetLayer);
      if (layer === "api") expect(["api", "shared"], `${file} imports ${target}`).toContain(targetLayer);
      if (layer === "features") {
        expect(["api", "shared", "features"], `${file} imports ${target}`).toContain(targetLayer);
        if (targetLayer === "features") expect(targetFeature, `${file} imports ${target}`).toBe(feature);
      }
    }
  });
});

describe("shortcuts", () => {
  const press = { ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };
  it("are matched with all their keys and no more", () => {
    expect(matchShortcut({ ...press, key: "k", ctrlKey: true })).toBe("search");
    expect(matchShortcut({ ...press, key: "O", metaKey: true, shiftKey: true })).toBe("newChat");
    expect(matchShortcut({ ...press, key: "k" })).toBeNull();
    expect(matchShortcut({ ...press, key: "k", ctrlKey: true, shiftKey: true })).toBeNull();
    expect(matchShortcut({ ...press, key: "k", ctrlKey: true, altKey: true })).toBeNull();
  });
  it("are all different", () => {
    expect(new Set(shortcuts.map(({ keys }) => keys.join("+"))).size).toBe(shortcuts.length);
  });
});
