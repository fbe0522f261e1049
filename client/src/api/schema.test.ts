import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import openapiTS, { astToString } from "openapi-typescript";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { WireBody } from "./types";
import type { WireEvent } from "./wire";

const here = import.meta.dirname;

describe("generated types", () => {
  it("are those of openapi.json; run `npm run generate-types` when not", async () => {
    const document: unknown = JSON.parse(readFileSync(join(here, "../../openapi.json"), "utf8"));
    const fresh = astToString(await openapiTS(document as Parameters<typeof openapiTS>[0], { defaultNonNullable: false }));
    expect(readFileSync(join(here, "schema.d.ts"), "utf8")).toContain(fresh.trim());
  });

  it("of events come with the parsers that check them", () => {
    const fresh = execFileSync(process.execPath, [join(here, "../../scripts/generate-events.mjs"), "--print"], { encoding: "utf8" });
    expect(readFileSync(join(here, "events.ts"), "utf8")).toBe(fresh);
    expectTypeOf<WireEvent["type"]>().toEqualTypeOf<WireBody["type"]>();
  });
});
