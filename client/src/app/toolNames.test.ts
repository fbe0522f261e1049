/**
 * The page knows no tool by its name: how calls and results are shown comes from the tools themselves. The panel of bundles,
 * which asks and begins calls itself, has their names in one file.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../../..");
const panel = join(root, "client/src/features/bundles/api/tools.ts");

/** The functions of every family's WIT, as tools are called, and the built-in tools' own file names. */
function toolNames(): string[] {
  const families = readdirSync(join(root, "wit")).filter((file) => file.endsWith(".wit") && file !== "host.wit");
  return families.flatMap((file) =>
    [...readFileSync(join(root, "wit", file), "utf8").matchAll(/^ {4}([a-z][a-z0-9-]*): func\(/gm)].map(([, name = ""]) => name.replaceAll("-", "_")),
  );
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "testing" ? [] : sources(path);
    // What is generated from the host's routes names those, and tests may name what they like.
    return /\.(?:tsx?|json)$/.test(entry.name) && !/\.test\.|schema\.d\.ts$/.test(entry.name) ? [path] : [];
  });
}

it("no source names a tool, but the one of the panel of bundles", () => {
  const names = toolNames();
  expect(names.length).toBeGreaterThan(5);
  const word = new RegExp(`["'\`](?:mcp__[a-z]+__)?(?:${names.join("|")})["'\`]|\\b(?:${names.join("|")}): |/(?:${names.join("|")}) `);
  expect(sources(join(root, "client/src")).filter((path) => word.test(readFileSync(path, "utf8")))).toEqual([panel]);
});
