// Plugins for the scripted host of dev/server.mjs: one in each state that the page shows.
import { randomUUID } from "node:crypto";

const hash = (seed) =>
  `sha256:${[...seed]
    .reduce((text, c, i) => text + (c.charCodeAt(0) * 131 + i).toString(16), "")
    .padEnd(64, "a7f3c1")
    .slice(0, 64)}`;
const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
const request = (id, given = "no") => ({
  id,
  kind: /^[A-Z]+ /.test(id) ? "http" : id.startsWith("files") ? "files" : id === "state" ? "state" : "limit",
  words:
    {
      "files:read": "Read files of the project",
      "files:write": "Change, create and delete files of the project",
      state: "Keep a small store of its own for each project",
      "memory:128MiB": "Use up to 128 MiB of memory for a call",
      "cpu:10s": "Use up to 10 seconds of CPU time for a call",
    }[id] ?? id.replace("https://", "").replace(/^(\w+) workspace(.*) as-caller$/, "$1 your workspace $2, with your identity"),
  identity: id.endsWith("as-caller"),
  given,
});
const tool = (short_name, description, annotations = {}, properties = {}, required = []) => ({
  name: `mcp__databricks__${short_name}`,
  short_name,
  source: "weather",
  description,
  annotations: { read_only: false, destructive: false, idempotent: false, ask: false, ...annotations },
  input_schema: { type: "object", properties, required, additionalProperties: false },
  output_schema: {
    type: "object",
    properties: { temperature_celsius: { type: "number", description: "At two metres." }, sky: { enum: ["clear", "cloudy", "rain", "snow"] } },
    required: ["temperature_celsius"],
  },
});
const weatherTools = [
  tool(
    "current_weather",
    "Reads the weather at a place right now. Answers with the temperature and the sky, as the nearest station reports them.",
    { read_only: true },
    {
      place: { type: "string", description: "A city, or a latitude and longitude." },
      units: { enum: ["metric", "imperial"], description: "Metric by default." },
    },
    ["place"],
  ),
  tool(
    "forecast",
    "Forecasts the weather of the next days. One entry for each day, the nearest first.",
    { read_only: true },
    {
      place: { type: "string", description: "A city." },
      days: { type: "integer", minimum: 1, maximum: 14, description: "How many days." },
      options: {
        type: "object",
        description: "Rarely needed.",
        properties: {
          hourly: { type: "boolean", description: "One entry for each hour." },
          stations: { type: "array", items: { type: "string" }, description: "Only these." },
        },
      },
    },
    ["place"],
  ),
  tool(
    "store_forecast",
    "Writes a forecast into a file of the project.",
    { destructive: true, ask: true },
    { path: { type: "string", description: "Where." } },
    ["path"],
  ),
];
const usage = (over = {}) => ({ calls: 0, errors: 0, cpu_ms: 0, requests: 0, bytes_sent: 0, bytes_received: 0, last_used_at: null, ...over });
const plugin = (over) => ({
  id: randomUUID(),
  version: "0.2.0",
  description: "",
  authors: ["Ada Example <ada@example.com>"],
  licence: "Apache-2.0",
  homepage: "https://example.com/weather",
  scope: "mine",
  digest: hash(over.name),
  source: "oci://registry.example/team/weather:latest",
  pinned: "oci://registry.example/team/weather@sha256:3ce533b031a5",
  signature: { status: "unsigned", publisher: null },
  enabled: true,
  project_enabled: true,
  status: "active",
  problem: null,
  tools: weatherTools,
  requests: [],
  usage: usage(),
  last_errors: [],
  pending: null,
  previous: null,
  installed_at: ago(9000),
  updated_at: ago(2000),
  installed_by: "dana@example.com",
  can_manage: true,
  has_icon: false,
  has_readme: true,
  ...over,
});
const weatherRequests = () => [
  request("GET https://api.weather.example/v1/*", "everywhere"),
  request("GET https://tiles.weather.example/**"),
  request("POST workspace/api/2.0/sql/statements as-caller", "project"),
  request("GET workspace/api/2.1/unity-catalog/tables/* as-caller"),
  request("files:read", "everywhere"),
  request("files:write"),
  request("state", "everywhere"),
  request("memory:128MiB", "everywhere"),
];
const pending = {
  digest: hash("weather-3"),
  version: "0.3.0",
  added: [request("GET https://archive.weather.example/**"), request("DELETE workspace/api/2.0/sql/statements/* as-caller"), request("cpu:10s")],
  removed: [request("GET https://tiles.weather.example/**")],
  tools_added: ["history"],
  tools_removed: ["store_forecast"],
  tools_changed: ["forecast"],
  tools_less_careful: ["forecast"],
};

export const plugins = process.env.DEV_NO_PLUGINS
  ? []
  : [
      plugin({
        name: "weather",
        description: "Weather from the stations of the National Weather Example: now, the days to come, and what it was.",
        status: "update-waiting",
        signature: { status: "trusted", publisher: "acme" },
        requests: weatherRequests(),
        pending,
        previous: { digest: hash("old"), version: "0.1.4" },
        usage: usage({ calls: 1_284, errors: 17, cpu_ms: 5_310, requests: 2_611, bytes_sent: 188_331, bytes_received: 9_811_223, last_used_at: ago(185) }),
        last_errors: [
          { at: ago(190), tool: "forecast", kind: "denied", message: "GET https://tiles.weather.example/7/66/42.png is not given to weather" },
          { at: ago(4000), tool: "current_weather", kind: "upstream", message: "api.weather.example answered 503" },
        ],
      }),
      plugin({
        name: "invoice-reader",
        version: "1.4.2",
        scope: "everyone",
        description: "Reads invoices out of PDF files of the project.",
        status: "failing",
        problem: "It crashed on its last three calls and there is no version to go back to: unreachable executed in parse_xref.",
        signature: { status: "unknown-key" },
        requests: [request("files:read", "everywhere")],
        tools: weatherTools.slice(0, 1),
        usage: usage({ calls: 3, errors: 3, last_used_at: ago(12) }),
      }),
      plugin({
        name: "regression",
        version: "2.0.0",
        description: "Fits lines through points.",
        tools: weatherTools.slice(0, 2),
        usage: usage({ last_used_at: ago(20_000) }),
        has_readme: false,
        source: "upload regression.wasm",
      }),
      plugin({
        name: "geocoder",
        version: "0.9.1",
        description: "Addresses to coordinates and back.",
        enabled: false,
        status: "disabled",
        requests: [request("GET https://nominatim.example/search")],
        tools: weatherTools.slice(0, 1),
      }),
      ...["sql", "jobs", "unity-catalog", "compute", "files"].map((name) =>
        plugin({
          name,
          version: "0.1.0",
          scope: "shipped",
          description: `The ${name} family: part of Bricklayer.`,
          source: "shipped",
          authors: ["The Bricklayer authors"],
          can_manage: false,
          project_enabled: name !== "jobs",
          requests: [request(`GET workspace/api/2.0/${name}/** as-caller`, "everywhere"), request(`POST workspace/api/2.0/${name}/** as-caller`, "everywhere")],
          usage: usage({ calls: 40, last_used_at: ago(3) }),
        }),
      ),
    ];
const policy = process.env.DEV_NO_INSTALL ? { may_install: false, may_install_for_everyone: false } : { may_install: true, may_install_for_everyone: true };
Object.assign(policy, {
  sources: ["file", "https", "oci://registry.example/team/"],
  signatures: "warn",
  ceilings: { memory_mib: 256, cpu_seconds: 60, time_limit_seconds: 120 },
});

const records = Array.from({ length: 120 }, (_, i) => {
  const base = {
    at: ago(3 + i * 7),
    user: "dana@example.com",
    project_id: "p",
    turn_id: "t",
    digest: hash("weather"),
    tool: i % 4 === 0 ? "forecast" : "current_weather",
    outcome: "ok",
    bytes_sent: 0,
    bytes_received: 0,
    duration_ms: 212 + i,
  };
  if (i % 11 === 5) return { ...base, kind: "request", method: "GET", host: "tiles.weather.example", path: "/7/66/42.png", outcome: "denied", duration_ms: 0 };
  if (i === 20) return { ...base, kind: "change", tool: "", outcome: "grants-changed" };
  return i % 2 === 0
    ? { ...base, kind: "call", cpu_ms: 4, memory_peak_bytes: 2_400_000, bytes_sent: 120, bytes_received: 4_310, ...(i === 8 && { outcome: "upstream" }) }
    : {
        ...base,
        kind: "request",
        method: "GET",
        host: "api.weather.example",
        path: `/v1/stations/${i}/now`,
        status: i === 9 ? 503 : 200,
        bytes_sent: 0,
        bytes_received: 4_310,
      };
});
const readme =
  '# Weather\n\nAsk for the weather of any place:\n\n- *What is the weather in Lisbon?*\n- *Will it rain in Oslo this week?*\n\n## Sources\n\n| Station | Since |\n|---|---:|\n| Lisbon | 1864 |\n| Oslo | 1937 |\n\nSee [the API](https://api.weather.example/docs).\n\n```json\n{"place": "Lisbon"}\n```\n';

export function answerPlugins(req, url, parts, body, reply, problem, res) {
  const [, , id, action, extra] = parts;
  const m = req.method;
  if (!id && m === "GET") return reply(res, { plugins, policy });
  if (id === "inspect") {
    const source = body.source ?? "upload:weather-0.3.0.wasm";
    if (source.includes("broken"))
      return problem(
        res,
        422,
        "invalid-package",
        "Not a plugin",
        "The file is not a WebAssembly component: it begins with `<!DOCTYPE html>`. Check that the address names the file and not a page about it.",
        {},
      );
    const installed = source.includes("weather") ? plugins[0] : undefined;
    return reply(res, {
      staged: hash("weather-3"),
      name: installed?.name ?? "currency",
      version: installed ? "0.3.0" : "1.0.0",
      description: "Exchange rates of the day, from the central bank.",
      authors: ["Kim Example"],
      licence: "MIT",
      homepage: "https://example.com",
      digest: hash("currency"),
      size_bytes: 412_884,
      source,
      pinned: source,
      signature: { status: "unknown-key" },
      tools: weatherTools.slice(0, 2),
      requests: installed
        ? [...weatherRequests(), ...pending.added]
        : [
            request("GET https://rates.example/v2/**"),
            request("POST workspace/api/2.0/sql/statements as-caller"),
            request("files:read"),
            request("files:write"),
            request("state"),
          ],
      warnings: source.includes("weather") ? ["Its publisher signed the version before, and did not sign this one."] : [],
      refusals: source.includes("refused")
        ? [
            "It is unsigned, and this host installs signed packages only. Sign it with `bricklayer plugin sign`, or ask the operator to trust its publisher.",
            "It asks for 512 MiB of memory; this host gives at most 256 MiB.",
          ]
        : [],
      ...(installed && { installed: { id: installed.id, version: installed.version, scope: "mine" }, diff: pending }),
    });
  }
  if (!id) {
    const made = plugin({
      name: "currency",
      version: "1.0.0",
      description: "Exchange rates of the day, from the central bank.",
      requests: ["GET https://rates.example/v2/**", "POST workspace/api/2.0/sql/statements as-caller"].map((asked) =>
        request(asked, body.grants.includes(asked) ? "everywhere" : "no"),
      ),
    });
    plugins.push(made);
    return reply(res, made, 201);
  }
  const p = plugins.find((entry) => entry.id === id);
  if (!p) return problem(res, 404, "not-found", "Not found", "There is no such plugin.");
  if (!action && m === "DELETE") {
    plugins.splice(plugins.indexOf(p), 1);
    res.writeHead(204);
    return res.end();
  }
  if (!action && m === "PATCH") {
    p.enabled = body.enabled;
    p.status = p.enabled ? "active" : "disabled";
  }
  if (action === "projects") p.project_enabled = body.enabled;
  if (action === "grants")
    for (const r of p.requests) {
      const level = body.project_id ? "project" : "everywhere";
      if (body.grants.includes(r.id)) r.given = level;
      else if (r.given === level) r.given = "no";
    }
  if (action === "consent") {
    Object.assign(p, {
      version: p.pending.version,
      status: "active",
      requests: [...p.requests, ...p.pending.added.map((r) => ({ ...r, given: body.grants.includes(r.id) ? "everywhere" : "no" }))],
      pending: null,
    });
  }
  if (action === "pending") Object.assign(p, { pending: null, status: "active" });
  if (action === "update") return reply(res, { outcome: body.staged ? "waiting" : "unchanged", plugin: p });
  if (action === "readme") {
    res.writeHead(200, { "content-type": "text/markdown; charset=utf-8" });
    return res.end(readme);
  }
  if (action === "audit") {
    const kind = url.searchParams.get("kind");
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const found = records.filter((r) => kind === null || r.kind === kind);
    return reply(res, { records: found.slice(from, from + 50), next: from + 50 < found.length ? String(from + 50) : null });
  }
  void extra;
  return reply(res, p);
}
