import { describe, expect, it } from "vitest";
import type { Given, PowerRequest } from "../api/types";
import { grantChanges, isHarmless } from "./grants";
import { givenWords, groupRequests, httpPower } from "./requests";
import { schemaFields, typeOf } from "./schema";
import { usageWords } from "./words";

function power(id: string, given: Given = "no"): PowerRequest {
  const kind = /^[A-Z]+ /.test(id) ? "http" : id.startsWith("files:") ? "files" : id === "state" ? "state" : "limit";
  return { id, kind, words: id, identity: id.endsWith(" as-caller"), given };
}

describe("requests", () => {
  it("are grouped by host, the workspace first, and then what stays here", () => {
    const groups = groupRequests(
      [
        "state",
        "files:write",
        "GET https://z.example/a",
        "cpu:10s",
        "files:read",
        "POST workspace/api/x as-caller",
        "GET https://a.example/**",
        "PUT https://z.example/a",
      ].map((id) => power(id)),
    );
    expect(groups.map(({ title, requests }) => [title, requests.map(({ id }) => id)])).toEqual([
      ["Your workspace", ["POST workspace/api/x as-caller"]],
      ["a.example", ["GET https://a.example/**"]],
      ["z.example", ["GET https://z.example/a", "PUT https://z.example/a"]],
      ["Files of the project", ["files:write", "files:read"]],
      ["On this host", ["state", "cpu:10s"]],
    ]);
  });

  it.each([
    ["GET https://api.weather.example/v1/*", { method: "GET", host: "api.weather.example", path: "/v1/*" }],
    ["POST workspace/api/2.0/sql/statements as-caller", { method: "POST", host: null, path: "/api/2.0/sql/statements" }],
    ["GET workspace/x", { method: "GET", host: null, path: "/x" }],
    ["GET https://h.example:8443/**", { method: "GET", host: "h.example:8443", path: "/**" }],
    ["files:read", null],
    ["memory:128MiB", null],
  ])("%s is taken apart", (id, parts) => {
    expect(httpPower(id)).toEqual(parts);
  });

  it("are harmless only without an identity, files and changes", () => {
    const ids = [
      "GET https://a.example/x",
      "POST https://a.example/x",
      "GET workspace/x",
      "GET workspace/x as-caller",
      "files:read",
      "files:write",
      "state",
      "memory:128MiB",
    ];
    expect(ids.filter((id) => isHarmless(power(id)))).toEqual(["GET https://a.example/x", "GET workspace/x", "state", "memory:128MiB"]);
  });

  it("say how much of them was given", () => {
    expect(
      [
        [],
        [power("state", "everywhere")],
        [power("state", "project"), power("files:read")],
        [power("state", "project"), power("files:read", "everywhere")],
      ].map(givenWords),
    ).toEqual(["asks for nothing", "has what it asks for", "has 1 of 2 it asks for", "has all 2 it asks for"]);
  });
});

describe("giving and taking", () => {
  const requests = [power("state", "everywhere"), power("files:read", "project"), power("files:write")];
  const check = (ids: string[], target: Given, projectId: string | null) => grantChanges(requests, ids, target, projectId);

  it("writes one scope when no project is looked at", () => {
    expect(check(["files:write"], "everywhere", null)).toEqual([{ grants: ["state", "files:write"] }]);
    expect(check(["state"], "no", null)).toEqual([{ grants: [] }]);
  });

  it("leaves every project alone when one project is meant", () => {
    expect(check(["files:write"], "project", "p")).toEqual([{ grants: ["files:read", "files:write"], project_id: "p" }]);
    expect(check(["files:read"], "no", "p")).toEqual([{ grants: [], project_id: "p" }]);
  });

  it("gives in the project before it takes from every project, so that nothing is missing in between", () => {
    expect(check(["state"], "project", "p")).toEqual([{ grants: ["state", "files:read"], project_id: "p" }, { grants: [] }]);
  });

  it("takes from everywhere and from the project", () => {
    expect(check(["state"], "no", "p")).toEqual([{ grants: [] }, { grants: ["files:read"], project_id: "p" }]);
  });

  it("ends in the state that was asked for, from any state to any other", () => {
    const states: Given[] = ["no", "project", "everywhere"];
    for (const from of states) {
      for (const to of states) {
        for (const projectId of [null, "p"]) {
          if (projectId === null && (from === "project" || to === "project")) continue;
          // What the host holds: a set for every project and one for this project.
          const held = { everywhere: new Set(from === "everywhere" ? ["state"] : []), project: new Set(from === "project" ? ["state"] : []) };
          for (const { grants, project_id } of grantChanges([power("state", from)], ["state"], to, projectId))
            held[project_id === undefined ? "everywhere" : "project"] = new Set(grants);
          const now: Given = held.everywhere.has("state") ? "everywhere" : held.project.has("state") ? "project" : "no";
          expect(now, `${from} to ${to} in ${projectId}`).toBe(to);
        }
      }
    }
  });
});

describe("schemas", () => {
  it("become rows, nested ones under their parents", () => {
    const schema = {
      type: "object",
      required: ["place"],
      properties: {
        place: { type: "string", description: "A city." },
        days: { type: "integer", minimum: 1, maximum: 14 },
        stations: { type: "array", items: { $ref: "#/$defs/station" } },
        unit: { enum: ["metric", "imperial"] },
        when: { anyOf: [{ type: "string", format: "date" }, { type: "null" }] },
      },
      $defs: { station: { type: "object", properties: { id: { type: ["string", "integer"] } }, required: ["id"] } },
    };
    expect(schemaFields(schema).map(({ name, depth, type, required }) => `${"  ".repeat(depth)}${name}: ${type}${required ? "!" : ""}`)).toEqual([
      "place: text!",
      "days: whole number, 1 to 14",
      "stations: list of objects",
      "  id: text or whole number!",
      'unit: "metric" or "imperial"',
      "when: text (date) or nothing",
    ]);
    expect(schemaFields(schema)[0]?.description).toBe("A city.");
  });

  it("that refer to themselves end", () => {
    const tree = { $ref: "#/$defs/node", $defs: { node: { type: "object", properties: { left: { $ref: "#/$defs/node" }, right: { $ref: "#/$defs/node" } } } } };
    const fields = schemaFields(tree);
    expect(fields.length).toBeLessThanOrEqual(200);
    expect(Math.max(...fields.map(({ depth }) => depth))).toBeLessThan(6);
    const many = { anyOf: Array.from({ length: 500 }, () => ({ $ref: "#" })) };
    expect(typeOf(many).length).toBeLessThan(10_000);
    expect(schemaFields({ properties: Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`p${i}`, many])) })).toHaveLength(200);
  });

  it.each([null, 5, "x", [], { properties: 7 }, { properties: { a: null } }, { $ref: "https://elsewhere.example/x" }, { $ref: "#/__proto__/x" }, { type: 7 }])(
    "%j does no harm",
    (schema) => {
      expect(schemaFields(schema).length).toBeLessThanOrEqual(1);
      expect(typeof typeOf(schema)).toBe("string");
    },
  );
});

describe("usage", () => {
  const now = Date.parse("2026-03-01T12:00:00Z");
  const usage = { calls: 0, errors: 0, cpu_ms: 0, requests: 0, bytes_sent: 0, bytes_received: 0 };
  it.each([
    [usage, "Not used yet"],
    [{ ...usage, last_used_at: "2026-02-01T12:00:00Z" }, "Not used this week, last Feb 1, 2026"],
    [{ ...usage, calls: 1, last_used_at: "2026-03-01T11:00:00Z" }, "1 call this week, last 1 hour ago"],
    [{ ...usage, calls: 1_200, errors: 2, last_used_at: "2026-03-01T11:59:50Z" }, "1,200 calls this week, 2 errors, last just now"],
  ])("is said in a line", (of, words) => {
    expect(usageWords(of, now)).toBe(words);
  });
});
