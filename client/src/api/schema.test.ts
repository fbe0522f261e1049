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

  it("name every event that the page knows, and no other", () => {
    expectTypeOf<WireBody["type"]>().toEqualTypeOf<WireEvent["type"]>();
  });
});
