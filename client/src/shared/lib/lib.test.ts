import { describe, expect, it } from "vitest";
import { formatAgo, formatBytes, formatCost, formatDuration, plural, sentence } from "./format";
import { links, parseRoute } from "./links";
import { tokenize } from "./tokenize";

describe("money", () => {
  it.each([
    [0, "$0.00"],
    [1, "< $0.0001"],
    [100, "$0.0001"],
    [1_234, "$0.0012"],
    [50_000, "$0.05"],
    [56_700, "$0.057"],
    [200_000, "$0.20"],
    [999_999, "$1.00"],
    [1_234_567_890, "$1,234.57"],
  ])("%i millionths are %s", (microUsd, text) => {
    expect(formatCost(microUsd)).toBe(text);
  });
});

describe("links", () => {
  it.each([
    [links.projects(), { page: "projects" }],
    [links.project("p/1"), { page: "project", projectId: "p/1", conversationId: null, file: null, files: false, result: null }],
    [links.conversation("p", "c 2"), { page: "project", projectId: "p", conversationId: "c 2", file: null, files: false, result: null }],
    [
      links.withFile(links.conversation("p", "c"), "a b/ü?.md"),
      { page: "project", projectId: "p", conversationId: "c", file: "a b/ü?.md", files: true, result: null },
    ],
    [
      links.withResult(links.conversation("p", "c"), { id: "r", row: 17, column: "a/b" }),
      { page: "project", projectId: "p", conversationId: "c", file: null, files: false, result: { id: "r", row: 17, column: "a/b" } },
    ],
    [links.withFile(links.project("p"), null), { page: "project", projectId: "p", conversationId: null, file: null, files: true, result: null }],
    [links.bundles("p/1"), { page: "bundles", projectId: "p/1", at: null }],
    [links.newBundle("p"), { page: "bundles", projectId: "p", at: "new" }],
    [links.bundle("p", ""), { page: "bundles", projectId: "p", at: { folder: "", target: null, tab: null, file: null, line: null } }],
    [
      links.bundle("p", "a b/ü", { target: "prod", tab: "files", file: "a b/ü/x?.yml", line: 12 }),
      { page: "bundles", projectId: "p", at: { folder: "a b/ü", target: "prod", tab: "files", file: "a b/ü/x?.yml", line: 12 } },
    ],
    [links.plugins(null), { page: "plugins", projectId: null, pluginId: null, tab: null, tool: null, power: null }],
    [links.plugins("p/1"), { page: "plugins", projectId: "p/1", pluginId: null, tab: null, tool: null, power: null }],
    [links.plugin(null, "x 1"), { page: "plugins", projectId: null, pluginId: "x 1", tab: null, tool: null, power: null }],
    [links.plugin("p", "x", { tab: "activity" }), { page: "plugins", projectId: "p", pluginId: "x", tab: "activity", tool: null, power: null }],
    [links.pluginOfTool("p", "mcp__a&b"), { page: "plugins", projectId: "p", pluginId: null, tab: null, tool: "mcp__a&b", power: null }],
    [
      links.pluginOfTool("p", "t", "GET workspace/a?b=*"),
      { page: "plugins", projectId: "p", pluginId: null, tab: null, tool: "t", power: "GET workspace/a?b=*" },
    ],
    [links.plugin("p", "x", { power: "state" }), { page: "plugins", projectId: "p", pluginId: "x", tab: null, tool: null, power: "state" }],
    ["/plugins/a/b", { page: "unknown" }],
    ["/nowhere", { page: "unknown" }],
    ["/projects/p/x/y", { page: "unknown" }],
    ["/projects/%E0%A4%A/c/1", { page: "project", projectId: "%E0%A4%A", conversationId: "1", file: null, files: false, result: null }],
  ])("%s is read back", (path, route) => {
    const { pathname, search } = new URL(path, "https://bricklayer.example");
    expect(parseRoute(pathname, search)).toEqual(route);
  });
});

describe("formats", () => {
  it("says durations as people do", () => {
    expect([0, 999, 1_000, 9_949, 12_400, 61_000].map(formatDuration)).toEqual(["0 ms", "999 ms", "1.0 s", "9.9 s", "12 s", "1 min 1 s"]);
  });
  it.each([
    ["a name is missing", "A name is missing."],
    ["plugin.toml: a name is missing", "plugin.toml: a name is missing."],
    ["not a component: it is a web page?", "Not a component: it is a web page?"],
    ["warehouse-report is installed already\n", "warehouse-report is installed already."],
  ])("makes a sentence of %j, and leaves names as they are", (said, shown) => expect(sentence(said)).toBe(shown));
  it("says sizes and counts", () => {
    expect([formatBytes(12), formatBytes(1_536), formatBytes(52_428_800), plural(1, "row"), plural(1_200, "row")]).toEqual([
      "12 B",
      "1.5 KB",
      "50 MB",
      "1 row",
      "1,200 rows",
    ]);
  });
  it("says how long ago", () => {
    const now = Date.parse("2026-03-01T12:00:00Z");
    expect([
      formatAgo("2026-03-01T11:59:30Z", now),
      formatAgo("2026-03-01T11:57:00Z", now),
      formatAgo("2026-02-28T11:00:00Z", now),
      formatAgo("nonsense", now),
    ]).toEqual(["just now", "3 minutes ago", "yesterday", ""]);
  });
});

describe("colouring", () => {
  it("loses nothing, whatever the code", () => {
    const code = "SELECT 'it''s', `odd name`, 1.5 -- why\nFROM t /* open";
    for (const language of ["sql", "python", "json", "klingon"]) {
      for (let end = 0; end <= code.length; end += 1) {
        const piece = code.slice(0, end);
        expect(
          tokenize(piece, language)
            .map((token) => token.text)
            .join(""),
        ).toBe(piece);
      }
    }
  });
  it("knows SQL's words, strings and comments", () => {
    expect(tokenize("select 'from' -- from", "SQL").filter((token) => token.kind !== "plain")).toEqual([
      { kind: "keyword", text: "select" },
      { kind: "string", text: "'from'" },
      { kind: "comment", text: "-- from" },
    ]);
  });
});
