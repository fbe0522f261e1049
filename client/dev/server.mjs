// A scripted host for working on component states without the real one: speaks the HTTP contract from memory.
// Not shipped and not used by the end-to-end tests. Usage: node dev/server.mjs [port]
// Words in a message choose the script: busiest, slow, drop, fail, broken, big, wide, retry, markdown, save.
import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { answerPlugins } from "./plugins.mjs";

const port = Number(process.argv[2] ?? 8000);
const now = () => new Date().toISOString();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const state = { projects: new Map(), conversations: new Map(), executions: new Map(), files: new Map() };

function problem(res, status, code, title, detail, extra = {}) {
  res.writeHead(status, { "content-type": "application/problem+json" });
  res.end(JSON.stringify({ type: `https://bricklayer.dev/problems/${code}`, title, status, detail, request_id: randomUUID(), ...extra }));
}
function reply(res, value, status = 200) {
  res.writeHead(status, { "content-type": "application/json" });
  res.end(JSON.stringify(value));
}
const summary = (c) => ({
  id: c.id,
  project_id: c.project_id,
  title: c.title,
  created_at: c.created_at,
  updated_at: c.updated_at,
  turn_count: c.turns,
  active_execution_id: c.active?.id ?? null,
  settings: c.settings,
});
const projectView = (p) => ({ ...p, conversation_count: [...state.conversations.values()].filter((c) => c.project_id === p.id).length });

function newConversation(projectId, title = "New conversation") {
  const c = { id: randomUUID(), project_id: projectId, title, created_at: now(), updated_at: now(), turns: 0, settings: {}, log: [], seq: 0, active: null };
  state.conversations.set(c.id, c);
  return c;
}

class Execution {
  constructor(conversation) {
    this.id = randomUUID();
    this.conversation = conversation;
    this.listeners = new Set();
    this.cancelled = false;
    this.answers = new Map();
    this.started = Date.now();
    this.steps = 0;
    this.draft = [];
    state.executions.set(this.id, this);
  }
  emit(event) {
    const stored = { seq: ++this.conversation.seq, execution_id: this.id, at: now(), ...event };
    this.conversation.log.push(stored);
    for (const listener of this.listeners) listener(stored, true);
  }
  preview(event) {
    for (const listener of this.listeners) listener({ seq: null, execution_id: this.id, at: now(), ...event }, false);
  }
  async stream(kind, step, block, text, delay = 18) {
    const type = `${kind}_delta`;
    let offset = 0;
    for (const piece of text.match(/[\s\S]{1,7}/gu)) {
      if (this.cancelled) {
        this.emit({ type: "text", step, block, text: text.slice(0, offset), aborted: true });
        throw new Stop();
      }
      this.emit({ type, step, block, offset, text: piece });
      offset += [...piece].length;
      await sleep(delay);
    }
    this.emit(kind === "text" ? { type: "text", step, block, text } : { type: "thinking", step, block, thinking: text });
  }
  step() {
    this.emit({ type: "system", subtype: "step", data: { step: this.steps, model: "offline" } });
    return this.steps++;
  }
  async tool(step, name, input, run) {
    const id = `toolu_${randomUUID().slice(0, 8)}`;
    this.emit({ type: "tool_use", step, tool_id: id, tool_name: name, tool_input: input });
    return {
      id,
      run: async () => {
        this.emit({ type: "tool_started", tool_id: id });
        const t = Date.now();
        const outcome = await run(id);
        this.emit({ type: "tool_result", tool_use_id: id, tool_name: name, duration_ms: Date.now() - t, is_error: false, ...outcome });
      },
    };
  }
  async call(step, name, input, run) {
    return (await this.tool(step, name, input, run)).run();
  }
  async wait(ms) {
    for (let t = 0; t < ms; t += 50) {
      if (this.cancelled) throw new Stop();
      await sleep(50);
    }
  }
}
class Stop extends Error {}

const hours = Array.from({ length: 24 }, (_, h) => [
  String(h),
  String(Math.round(400 + 1100 * Math.exp(-((h - 18) ** 2) / 18) + 500 * Math.exp(-((h - 9) ** 2) / 10))),
  (11 + 3 * Math.sin(h / 3)).toFixed(2),
]).toSorted((a, b) => b[1] - a[1]);
const busiestSql =
  "SELECT hour(tpep_pickup_datetime) AS pickup_hour,\n       count(*) AS trips,\n       round(avg(fare_amount), 2) AS average_fare\nFROM samples.nyctaxi.trips\nGROUP BY 1\nORDER BY trips DESC";
const table = (columns, rows, extra = {}) => ({
  statement_id: "01ef-" + randomUUID().slice(0, 8),
  warehouse: { id: "local0001", name: "Local warehouse" },
  columns: columns.map(([name, type]) => ({ name, type_name: type.replace(/\(.*/, ""), type_text: type })),
  rows,
  total_row_count: rows.length,
  truncated: false,
  ...extra,
});

const scripts = {
  async busiest(e) {
    let s = e.step();
    await e.stream(
      "thinking",
      s,
      0,
      "The user wants pickup counts per hour and the mean fare.\n\nI should choose a running warehouse first, then group `samples.nyctaxi.trips` by the hour of `tpep_pickup_datetime`.",
    );
    await e.stream("text", s, 1, "I'll pick a warehouse and then group the trips by pickup hour.");
    await e.call(
      s,
      "mcp__databricks__get_best_warehouse",
      {},
      async () => (
        await e.wait(300),
        { content: '{"warehouse_id":"local0001"}', structured: { warehouse_id: "local0001", name: "Local warehouse", state: "RUNNING" } }
      ),
    );
    await e.call(s, "mcp__databricks__execute_sql", { statement: busiestSql, warehouse_id: "local0001" }, async (id) => {
      e.emit({ type: "tool_progress", tool_id: id, message: "Statement is running on Local warehouse" });
      await e.wait(900);
      return {
        content: "24 rows",
        structured: table(
          [
            ["pickup_hour", "INT"],
            ["trips", "BIGINT"],
            ["average_fare", "DECIMAL(10,2)"],
          ],
          hours,
        ),
      };
    });
    s = e.step();
    await e.stream(
      "text",
      s,
      0,
      `The evening rush is the busiest: **${hours[0][0]}:00** leads with ${hours[0][1]} trips, and the six busiest hours are all in the afternoon and evening.\n\n| Pickup hour | Trips | Average fare |\n| ---: | ---: | ---: |\n${hours
        .slice(0, 6)
        .map(([h, t, f]) => `| ${h}:00 | ${Number(t).toLocaleString("en-US")} | $${f} |`)
        .join("\n")}\n\nFares vary little through the day. Ask me to save this as \`report.md\` if you want to keep it.`,
    );
  },
  async save(e, c) {
    let s = e.step();
    await e.call(
      s,
      "Write",
      {
        file_path: "report.md",
        content:
          "# Busiest pickup hours\n\n| Hour | Trips |\n|---:|---:|\n" +
          hours
            .slice(0, 8)
            .map(([h, t]) => `| ${h} | ${t} |`)
            .join("\n") +
          "\n\n```sql\n" +
          busiestSql +
          "\n```\n",
      },
      async () => {
        const f = state.files.get(c.project_id);
        f.set(
          "report.md",
          "# Busiest pickup hours\n\nFrom `samples.nyctaxi.trips`, all rows.\n\n| Pickup hour | Trips | Average fare |\n|---:|---:|---:|\n" +
            hours
              .slice(0, 8)
              .map(([h, t, a]) => `| ${h} | ${t} | $${a} |`)
              .join("\n") +
            "\n\n```sql\n" +
            busiestSql +
            "\n```\n",
        );
        f.set("data/hours.csv", "pickup_hour,trips,average_fare\n" + hours.map((r) => r.join(",")).join("\n"));
        await e.wait(200);
        return { content: "created report.md", structured: { path: "report.md", created: true } };
      },
    );
    s = e.step();
    await e.stream("text", s, 0, "I saved the table as [report.md](report.md), with the statement below it.");
  },
  async slow(e) {
    const s = e.step();
    await e.stream("text", s, 0, "This statement takes a while.");
    await e.call(
      s,
      "mcp__databricks__execute_sql",
      { statement: "SELECT count(*) FROM samples.nyctaxi.trips a CROSS JOIN samples.nyctaxi.trips b -- slow", warehouse_id: "local0001" },
      async (id) => {
        for (let i = 1; i <= 60; i++) {
          e.emit({ type: "tool_progress", tool_id: id, message: `Statement is running (${i} s)`, done: i, total: 60 });
          await e.wait(1000);
        }
        return { content: "1 row", structured: table([["count", "BIGINT"]], [["475289001"]]) };
      },
    );
  },
  async drop(e) {
    const s = e.step();
    await e.stream("text", s, 0, "Dropping a table cannot be undone, so I need your consent.");
    const { id, run } = await e.tool(
      s,
      "mcp__databricks__execute_sql",
      { statement: "DROP TABLE main.sales.orders_2023", warehouse_id: "local0001" },
      async () => (await e.wait(300), { content: "OK", structured: table([], []) }),
    );
    e.emit({
      type: "approval.requested",
      tool_id: id,
      tool_name: "mcp__databricks__execute_sql",
      tool_input: { statement: "DROP TABLE main.sales.orders_2023", warehouse_id: "local0001" },
      reason: "DROP TABLE deletes main.sales.orders_2023 and its data.",
      review: {
        effect: "destroys",
        operations: [{ effect: "destroys", verb: "DROP TABLE", objects: ["main.sales.orders_2023"], text: "DROP TABLE main.sales.orders_2023", detail: null }],
      },
      standing: null,
      later_changes: [],
    });
    while (!e.answers.has(id)) await e.wait(100);
    e.emit({ type: "approval.answered", tool_id: id, decision: e.answers.get(id) });
    if (e.answers.get(id) === "no")
      e.emit({
        type: "tool_result",
        tool_use_id: id,
        tool_name: "mcp__databricks__execute_sql",
        content: "The user declined this call.",
        is_error: true,
        error_kind: "denied",
        duration_ms: 0,
      });
    else await run();
    const s2 = e.step();
    await e.stream("text", s2, 0, e.answers.get(id) === "no" ? "I left the table alone." : "The table `main.sales.orders_2023` is gone.");
  },
  async fail(e) {
    const s = e.step();
    await e.call(
      s,
      "mcp__databricks__execute_sql",
      { statement: "SELECT * FROM samples.nyctaxi.tripz" },
      async () => (
        await e.wait(400),
        {
          content:
            "[TABLE_OR_VIEW_NOT_FOUND] The table or view `samples`.`nyctaxi`.`tripz` cannot be found. Verify the spelling and correctness of the schema and catalog.",
          is_error: true,
          error_kind: "failed",
        }
      ),
    );
    await e.call(
      s,
      "mcp__databricks__list_warehouses",
      {},
      async () => (
        await e.wait(200),
        {
          content: "…",
          structured: {
            warehouses: [
              { warehouse_id: "local0001", name: "Local warehouse", state: "RUNNING", size: "Small" },
              { warehouse_id: "local0002", name: "Nightly", state: "STOPPED", size: "Large" },
            ],
          },
        }
      ),
    );
    const s2 = e.step();
    await e.stream("text", s2, 0, "There is no table `tripz`. Did you mean `samples.nyctaxi.trips`?");
  },
  async broken(e) {
    const s = e.step();
    await e.stream("text", s, 0, "Let me look at the");
    e.emit({
      type: "error",
      error: "The model endpoint closed the connection three times. Check ANTHROPIC_BASE_URL, then try again.",
      code: "model-unreachable",
    });
    throw new Error("failed");
  },
  async retry(e) {
    const s = e.step();
    e.preview({ type: "text_delta", step: s, block: 0, offset: 0, text: "Half a sent" });
    await sleep(500);
    e.emit({ type: "model.retry", step: s, attempt: 1, delay_ms: 4000, reason: "The model is overloaded (529)" });
    await e.wait(4000);
    await e.stream("text", s, 0, "Here I am again.");
  },
  async big(e) {
    const s = e.step();
    await e.call(s, "mcp__databricks__execute_sql", { statement: "SELECT * FROM samples.nyctaxi.trips LIMIT 5000" }, async () => {
      const rows = Array.from({ length: 5000 }, (_, i) => [
        `2016-02-${String(1 + (i % 28)).padStart(2, "0")}T${String(i % 24).padStart(2, "0")}:12:00.000Z`,
        i % 7 === 0 ? null : (i % 900) / 10 + "",
        (5 + (i % 300) / 4).toFixed(2),
        String(10000 + (i % 89)),
        i % 11 === 0
          ? ""
          : ["Queens", "Bronx", "=SUM(A1)", "Staten Island, a very long borough name that goes on and on so that the cell needs to be cut"][i % 4],
        String(9007199254740993n + BigInt((i * 7919) % 5000)),
        i % 2 ? "true" : "false",
      ]);
      return {
        content: "5000 rows",
        structured: table(
          [
            ["tpep_pickup_datetime", "TIMESTAMP"],
            ["trip_distance", "DOUBLE"],
            ["fare_amount", "DECIMAL(10,2)"],
            ["pickup_zip", "INT"],
            ["borough", "STRING"],
            ["trip_id", "BIGINT"],
            ["shared", "BOOLEAN"],
          ],
          rows,
          { truncated: true, total_row_count: 21932 },
        ),
      };
    });
    await e.stream("text", e.step(), 0, "Here are the first 5,000 of 21,932 rows.");
  },
  async markdown(e) {
    const s = e.step();
    await e.stream("thinking", s, 0, "A tour of Markdown.\n\n- everything\n- at once");
    await e.stream(
      "text",
      s,
      1,
      "# Findings\n\nSome **bold**, *italic*, ~~gone~~, `inline code`, a [link](https://docs.databricks.com/aws/en/sql/) and <b>raw html</b> 🧱.\n\n## Steps\n\n1. First do this\n2. Then that\n   - nested point\n   - another\n\n> A quote that warns you about something.\n\n```sql\n-- top ten\nSELECT pickup_zip, count(*) AS trips\nFROM samples.nyctaxi.trips\nWHERE fare_amount > 10.5 AND pickup_zip IS NOT NULL\nGROUP BY pickup_zip -- by zip\nORDER BY trips DESC\nLIMIT 10;\n```\n\n```python\nimport pandas as pd\n\ndef load(path: str) -> pd.DataFrame:\n    # read it\n    return pd.read_csv(path, dtype={'zip': 'string'})\n```\n\n![a picture](https://example.com/spy.png)\n\n- [x] done\n- [ ] open\n\n| a | b | c |\n|---|:-:|--:|\n| left | middle | 1,200 |\n| x | y | 3 |\n\n---\n\nThe end.",
    );
  },
  async default(e) {
    const s = e.step();
    await e.stream(
      "text",
      s,
      0,
      'I am the **offline model**: I understand a few requests and direct tool commands such as `/execute_sql {"statement": "SELECT 1"}`.\n\nTry asking for the busiest pickup hours.',
    );
  },
};

async function run(e, message) {
  const c = e.conversation;
  const name = Object.keys(scripts).find((word) => message.toLowerCase().includes(word)) ?? "default";
  let outcome = { is_error: false, is_cancelled: false };
  try {
    await sleep(250);
    await scripts[name](e, c);
  } catch (error) {
    outcome = error instanceof Stop ? { is_error: false, is_cancelled: true } : { is_error: true, is_cancelled: false };
    if (error instanceof Stop) e.emit({ type: "cancelled" });
  }
  e.emit({
    type: "result",
    is_error: outcome.is_error,
    num_turns: e.steps,
    duration_ms: Date.now() - e.started,
    usage: { input_tokens: 3120, output_tokens: 412, cache_read_input_tokens: 9000, cache_creation_input_tokens: 0 },
    total_cost_usd: null,
    session_id: c.id,
  });
  c.active = null;
  c.updated_at = now();
  e.emit({ type: "stream.completed", ...outcome });
  e.done = true;
}

function stream(req, res, e, after) {
  res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  res.write("retry: 1000\n\n");
  const send = (event, stored) => {
    res.write(`${stored ? `id: ${event.seq}\n` : ""}data: ${JSON.stringify(event)}\n\n`);
    if (event.type === "stream.completed") {
      res.write("data: [DONE]\n\n");
      res.end();
    }
  };
  for (const event of e.conversation.log) if (event.execution_id === e.id && event.seq > after) send(event, true);
  if (e.done) return res.end();
  e.listeners.add(send);
  req.on("close", () => e.listeners.delete(send));
}

function fold(c) {
  const finals = new Set(c.log.filter((x) => x.type === "text" || x.type === "thinking").map((x) => `${x.execution_id}.${x.step}.${x.block}`));
  return c.log.filter((x) => !x.type.endsWith("_delta") || !finals.has(`${x.execution_id}.${x.step}.${x.block}`));
}

const body = async (req) => {
  let t = "";
  for await (const chunk of req) t += chunk;
  return t === "" ? {} : JSON.parse(t);
};
function addProject(name) {
  const p = { id: randomUUID(), name, user_email: "dana@example.com", created_at: now() };
  state.projects.set(p.id, p);
  state.files.set(p.id, new Map());
  return p;
}

createServer(async (req, res) => {
  const url = new URL(req.url, "http://x");
  const parts = url.pathname.split("/").filter(Boolean).map(decodeURIComponent);
  const [, a, b, c, d] = parts;
  const m = req.method;
  if (a === "health") return reply(res, { status: "healthy", version: "0.1.0", workspace: { kind: "local", state: "ready" }, model: { provider: "offline" } });
  if (a === "me")
    return reply(res, {
      user: "dana@example.com",
      workspace_url: "http://127.0.0.1:8001",
      workspace_kind: "local",
      model: { provider: "offline", name: "offline", offline: true },
      lakebase_configured: false,
      plugins: [{ name: "sql", version: "0.1.0", tools: 7 }],
    });
  if (a === "warehouses")
    return reply(res, [
      {
        warehouse_id: "local0001",
        warehouse_name: "Local warehouse",
        state: "RUNNING",
        cluster_size: "Small",
        creator_name: "dana@example.com",
        is_serverless: true,
      },
      {
        warehouse_id: "local0002",
        warehouse_name: "Nightly loads",
        state: "STOPPED",
        cluster_size: "Large",
        creator_name: "ops@example.com",
        is_serverless: false,
      },
    ]);
  if (a === "catalogs" && b)
    return reply(
      res,
      (b === "samples" ? ["nyctaxi", "bakehouse"] : ["default", "sales"]).map((name) => ({ name })),
    );
  if (a === "catalogs")
    return reply(res, [
      { name: "main", comment: null },
      { name: "samples", comment: "Sample data" },
    ]);
  if (a === "tools")
    return reply(res, [
      {
        name: "mcp__databricks__execute_sql",
        short_name: "execute_sql",
        source: { kind: "plugin" },
        description: "Runs one statement",
        input_schema: {},
        annotations: { read_only: false, destructive: true, ask: false },
      },
    ]);
  if (a === "plugins")
    return answerPlugins(
      req,
      url,
      parts,
      m === "GET" || m === "DELETE" || !/json/.test(req.headers["content-type"] ?? "") ? (req.resume(), {}) : await body(req),
      reply,
      problem,
      res,
    );
  if (a === "projects" && !b) {
    if (m === "GET") return reply(res, [...state.projects.values()].map(projectView));
    const { name } = await body(req);
    if (!name?.trim())
      return problem(res, 422, "invalid-request", "Invalid request", "The request does not fit.", {
        errors: [{ field: "name", message: "must not be empty" }],
      });
    return reply(res, projectView(addProject(name)), 201);
  }
  if (a === "projects") {
    const p = state.projects.get(b);
    if (!p) return problem(res, 404, "not-found", "Not found", "There is no such project.");
    if (!c) {
      if (m === "PATCH") Object.assign(p, await body(req));
      if (m === "DELETE") {
        state.projects.delete(b);
        res.writeHead(204);
        return res.end();
      }
      return reply(res, projectView(p));
    }
    if (c === "files") {
      const files = state.files.get(b);
      if (!d)
        return reply(res, {
          project_id: b,
          files: [...files].map(([path, text]) => ({ path, name: path.split("/").pop(), size: text.length, modified: now() })),
          truncated: false,
        });
      const text = files.get(parts.slice(4).join("/"));
      if (text === undefined) return problem(res, 404, "not-found", "Not found", "There is no such file.");
      res.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
      return res.end(text);
    }
    if (!d) {
      if (m === "POST") return reply(res, summary(newConversation(b, (await body(req)).title)), 201);
      return reply(
        res,
        [...state.conversations.values()]
          .filter((x) => x.project_id === b)
          .map(summary)
          .toReversed(),
      );
    }
    const conv = state.conversations.get(d);
    if (!conv) return problem(res, 404, "not-found", "Not found", "There is no such conversation.");
    if (m === "PATCH") {
      Object.assign(conv, await body(req));
      return reply(res, summary(conv));
    }
    if (m === "DELETE") {
      state.conversations.delete(d);
      res.writeHead(204);
      return res.end();
    }
    return reply(res, {
      ...summary(conv),
      messages: [],
      events: fold(conv),
      last_seq: conv.seq,
      active_execution: conv.active ? { id: conv.active.id, status: "running" } : null,
    });
  }
  if (a === "invoke_agent") {
    const input = await body(req);
    const conv = input.conversation_id ? state.conversations.get(input.conversation_id) : newConversation(input.project_id);
    if (conv.active)
      return problem(res, 409, "turn-in-progress", "A turn is running", "This conversation is still working on your last message.", {
        execution_id: conv.active.id,
      });
    if (conv.turns++ === 0) conv.title = input.message.slice(0, 60);
    for (const k of ["warehouse_id", "default_catalog", "default_schema"]) if (k in input) conv.settings[k] = input[k];
    const e = new Execution(conv);
    conv.active = e;
    conv.updated_at = now();
    e.emit({ type: "conversation.created", conversation_id: conv.id, message: input.message, settings: conv.settings });
    run(e, input.message);
    return reply(res, { execution_id: e.id, conversation_id: conv.id }, 202);
  }
  const e = state.executions.get(b);
  if (!e) return problem(res, 404, "not-found", "Not found", "There is no such turn.");
  if (a === "stream_progress") return stream(req, res, e, Number(req.headers["last-event-id"] ?? url.searchParams.get("after") ?? 0));
  if (a === "stop_stream") {
    e.cancelled = true;
    return reply(res, { success: true, message: "stopping" });
  }
  if (a === "executions") {
    const { decision } = await body(req);
    if (!e.answers.has(d)) e.answers.set(d, decision);
    return reply(res, { success: true, decision: e.answers.get(d) });
  }
  return problem(res, 404, "not-found", "Not found", "No such route.");
}).listen(port, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${port}\n`));
