import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AuditEntry, Inspection, Plugin, PluginList as List, Policy, PowerRequest } from "../api/types";
import { PluginDetail } from "./PluginDetail";
import { PluginList } from "./PluginList";

const policy: Policy = {
  may_install: true,
  may_install_for_everyone: false,
  sources: ["https"],
  signatures: "warn",
  ceilings: { memory_mib: 256, cpu_seconds: 60, time_limit_seconds: 120 },
};
const read: PowerRequest = {
  id: "GET https://api.weather.example/v1/*",
  kind: "http",
  words: "GET api.weather.example/v1/*",
  identity: false,
  given: "everywhere",
};
const sql: PowerRequest = { id: "POST workspace/api/2.0/sql/statements as-caller", kind: "http", words: "POST your workspace", identity: true, given: "no" };
const write: PowerRequest = { id: "files:write", kind: "files", words: "Change, create and delete files of the project", identity: false, given: "no" };

const weather: Plugin = {
  id: "w",
  name: "weather",
  version: "0.2.0",
  description: "Weather of any place.",
  authors: ["Ada"],
  licence: "MIT",
  homepage: "https://weather.example",
  scope: "mine",
  digest: "sha256:aaaa",
  source: "https://plugins.example/weather.wasm",
  pinned: "https://plugins.example/weather.wasm",
  signature: { status: "unsigned" },
  enabled: true,
  project_enabled: true,
  status: "active",
  tools: [
    {
      name: "mcp__databricks__forecast",
      short_name: "forecast",
      source: "weather",
      description: "Forecasts the weather. Day by day.",
      annotations: { read_only: true, destructive: false, idempotent: false, ask: true },
      // The generated type says no more of a schema than that it is an object.
      input_schema: { type: "object", required: ["place"], properties: { place: { type: "string", description: "A city." } } } as unknown as Record<
        string,
        never
      >,
      output_schema: null,
    },
  ],
  requests: [read, sql, write],
  usage: { calls: 12, errors: 1, cpu_ms: 40, requests: 20, bytes_sent: 10, bytes_received: 2_048, last_used_at: "2026-01-01T00:00:00Z" },
  last_errors: [{ at: "2026-01-01T00:00:00Z", tool: "forecast", kind: "upstream", message: "it answered 503" }],
  pending: null,
  previous: { digest: "sha256:0000", version: "0.1.0" },
  installed_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
  installed_by: "dana@example.com",
  can_manage: true,
  has_icon: false,
  has_readme: true,
};

type Answer = { status?: number; body?: unknown; text?: string };
type Handler = (body: unknown) => Answer;

/** The far end of the network: answers by method and path, and remembers what it was sent. */
class Network {
  readonly sent: { route: string; body: unknown }[] = [];
  #routes: Record<string, Handler> = {};

  on(route: string, answer: Answer | Handler): this {
    this.#routes[route] = typeof answer === "function" ? answer : () => answer;
    return this;
  }

  readonly fetch = (path: string, options: RequestInit = {}): Promise<Response> => {
    const route = `${options.method ?? "GET"} ${path}`;
    const body: unknown = typeof options.body === "string" ? JSON.parse(options.body) : options.body;
    this.sent.push({ route, body });
    const answer = this.#routes[route]?.(body) ?? { status: 404, body: { title: `nothing at ${route}` } };
    return Promise.resolve(new Response(answer.status === 204 ? null : (answer.text ?? JSON.stringify(answer.body)), { status: answer.status ?? 200 }));
  };

  changes(): { route: string; body: unknown }[] {
    return this.sent.filter(({ route }) => !route.startsWith("GET"));
  }
}

let network: Network;

beforeEach(() => {
  network = new Network()
    .on("GET /api/plugins", { body: { plugins: [weather], policy } })
    .on("GET /api/plugins/w", { body: weather })
    .on("GET /api/plugins/w?project_id=p", { body: weather });
  vi.stubGlobal("fetch", network.fetch);
  history.replaceState(null, "", "/plugins");
});
afterEach(() => vi.unstubAllGlobals());

function show(children: ReactNode) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(<QueryClientProvider client={client}>{children}</QueryClientProvider>);
}

const lists = (list: Partial<List>): Network => network.on("GET /api/plugins", { body: { plugins: [weather], policy, ...list } });
const detail = (plugin: Partial<Plugin>, projectId: string | null = null): Network =>
  network.on(`GET /api/plugins/w${projectId === null ? "" : `?project_id=${projectId}`}`, { body: { ...weather, ...plugin } });

describe("the list", () => {
  it("says of each plugin what one wants to know before opening it", async () => {
    show(<PluginList projectId={null} />);
    const row = await screen.findByRole("link", { name: /weather/ });
    for (const words of ["0.2.0", "Active", "Yours", "Unsigned", "Weather of any place.", "1 tool", "has 1 of 3 it asks for", "12 calls this week, 1 error"])
      expect(row.textContent).toContain(words);
    expect(row.getAttribute("href")).toBe("/plugins/w");
    expect(screen.queryByRole("switch")).toBeNull();
  });

  it("puts first what needs somebody, and says why it fails", async () => {
    const failing = { ...weather, id: "z", name: "zebra", status: "failing", problem: "It crashed three times." } as const;
    lists({ plugins: [weather, { ...weather, id: "y", name: "yak", status: "update-waiting" }, failing] });
    show(<PluginList projectId={null} />);
    const rows = await screen.findAllByRole("link");
    expect(rows.map((row) => row.getAttribute("href"))).toEqual(["/plugins/z", "/plugins/y", "/plugins/w"]);
    expect(rows[0]?.textContent).toContain("It crashed three times.");
  });

  it("is empty with a way to begin, and explains where there is none", async () => {
    lists({ plugins: [] });
    show(<PluginList projectId={null} />);
    await screen.findByRole("heading", { name: "No plugins added yet" });
    expect(screen.getByRole("button", { name: "Add plugin" })).toBeTruthy();
    cleanup();
    lists({ plugins: [], policy: { ...policy, may_install: false } });
    show(<PluginList projectId={null} />);
    await screen.findByText(/decides who may add plugins/);
    expect(screen.queryByRole("button", { name: "Add plugin" })).toBeNull();
  });

  it("says that it could not be loaded and tries again", async () => {
    network.on("GET /api/plugins", { status: 500, body: { title: "Broken", detail: "The database is away." } });
    const user = userEvent.setup();
    show(<PluginList projectId={null} />);
    expect((await screen.findByRole("alert")).textContent).toContain("The database is away.");
    lists({});
    await user.click(screen.getByRole("button", { name: "Try again" }));
    await screen.findByRole("link", { name: /weather/ });
  });

  it("is filtered by name and by tool when it is long", async () => {
    const plugins = Array.from({ length: 8 }, (_, at) => ({ ...weather, id: `p${at}`, name: `plugin-${at}`, tools: at === 3 ? weather.tools : [] }));
    lists({ plugins });
    const user = userEvent.setup();
    show(<PluginList projectId={null} />);
    const filter = await screen.findByRole("searchbox", { name: "Filter plugins" });
    await user.type(filter, "forec");
    expect(screen.getAllByRole("link").map((link) => link.getAttribute("href"))).toEqual(["/plugins/p3"]);
    await user.clear(filter);
    await user.type(filter, "nothing like it");
    expect(screen.getByText("Nothing matches “nothing like it”.")).toBeTruthy();
  });

  it("switches a plugin off in the project", async () => {
    network.on("GET /api/plugins?project_id=p", { body: { plugins: [weather], policy } }).on("PUT /api/plugins/w/projects/p", () => {
      network.on("GET /api/plugins?project_id=p", { body: { plugins: [{ ...weather, project_enabled: false }], policy } });
      return { body: { ...weather, project_enabled: false } };
    });
    const user = userEvent.setup();
    show(<PluginList projectId="p" />);
    const toggle = await screen.findByRole<HTMLInputElement>("switch", { name: "weather in this project" });
    expect(toggle.checked).toBe(true);
    await user.click(toggle);
    await waitFor(() => expect(toggle.checked).toBe(false));
    expect(network.changes()).toEqual([{ route: "PUT /api/plugins/w/projects/p", body: { enabled: false } }]);
  });
});

describe("powers", () => {
  it("are given for every project with one press, and a second press builds on the first", async () => {
    const answers: ((answer: Answer) => void)[] = [];
    vi.stubGlobal("fetch", (path: string, options: RequestInit = {}) =>
      options.method === "PUT"
        ? new Promise<Response>((done) => answers.push(() => done(new Response("{}")))).then((response) => (network.fetch(path, options), response))
        : network.fetch(path, options),
    );
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    const one = await screen.findByRole<HTMLInputElement>("switch", { name: "Give: POST your workspace" });
    await user.click(one);
    expect(one.checked).toBe(true);
    await user.click(screen.getByRole("switch", { name: /Change, create/ }));
    answers.shift()?.({});
    await waitFor(() => expect(answers).toHaveLength(1));
    answers.shift()?.({});
    await waitFor(() => expect(network.changes().map(({ body }) => body)).toEqual([{ grants: [read.id, sql.id] }, { grants: [read.id, sql.id, write.id] }]));
  });

  it("are given although the page still shows what the list knew", async () => {
    const pending: ((response: Response) => void)[] = [];
    vi.stubGlobal("fetch", (path: string, options: RequestInit = {}) =>
      path === "/api/plugins/w" && options.method === "GET"
        ? new Promise<Response>((done, fail) => {
            pending.push(done);
            options.signal?.addEventListener("abort", () => fail(new DOMException("aborted", "AbortError")));
          })
        : network.fetch(path, options),
    );
    network.on("PUT /api/plugins/w/grants", { body: weather });
    const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
    client.setQueryData(["plugins", "list", null], { plugins: [weather], policy });
    render(
      <QueryClientProvider client={client}>
        <PluginDetail pluginId="w" projectId={null} tab={null} />
      </QueryClientProvider>,
    );
    const user = userEvent.setup();
    await user.click(screen.getByRole("switch", { name: "Give: POST your workspace" }));
    await waitFor(() => expect(network.changes()).toEqual([{ route: "PUT /api/plugins/w/grants", body: { grants: [read.id, sql.id] } }]));
    expect(screen.getByRole<HTMLInputElement>("switch", { name: "Give: POST your workspace" }).checked).toBe(true);
  });

  it("show again what the host says when a change is refused", async () => {
    network.on("PUT /api/plugins/w/grants", { status: 403, body: { title: "No", detail: "Only administrators may give this." } });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    const toggle = await screen.findByRole<HTMLInputElement>("switch", { name: "Give: POST your workspace" });
    await user.click(toggle);
    await screen.findByText("Only administrators may give this.");
    await waitFor(() => expect(toggle.checked).toBe(false));
  });

  it("are given for one project alone", async () => {
    network.on("PUT /api/plugins/w/grants", { body: weather });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId="p" tab={null} />);
    const choice = within(await screen.findByRole("radiogroup", { name: "POST your workspace" }));
    expect(choice.getByRole<HTMLInputElement>("radio", { name: "Not given" }).checked).toBe(true);
    await user.click(choice.getByRole("radio", { name: "This project" }));
    await waitFor(() => expect(network.changes()).toEqual([{ route: "PUT /api/plugins/w/grants", body: { grants: [sql.id], project_id: "p" } }]));
  });

  it("are taken back in one project without touching the others", async () => {
    detail({ requests: [read, { ...sql, given: "project" }, write] }, "p").on("PUT /api/plugins/w/grants", { body: weather });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId="p" tab={null} />);
    await user.click(await screen.findByRole("button", { name: "Take back for this project" }));
    await waitFor(() => expect(network.changes()).toEqual([{ route: "PUT /api/plugins/w/grants", body: { grants: [], project_id: "p" } }]));
    expect(screen.getByRole("button", { name: "Give all for this project" })).toBeTruthy();
  });

  it("are words only, for who may not give them", async () => {
    detail({ can_manage: false, scope: "everyone" });
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    await screen.findByText("Given for every project");
    expect(screen.getAllByText("Not given")).toHaveLength(2);
    expect(screen.queryByRole("switch")).toBeNull();
    expect(screen.queryByRole("button", { name: "Check for update" })).toBeNull();
  });

  it("of everybody's plugin can be given in one's own project, not everywhere", async () => {
    network.on("GET /api/plugins?project_id=p", { body: { plugins: [], policy } });
    detail({ can_manage: false, scope: "everyone" }, "p");
    show(<PluginDetail pluginId="w" projectId="p" tab={null} />);
    const choice = within(await screen.findByRole("radiogroup", { name: "POST your workspace" }));
    expect(choice.getAllByRole<HTMLInputElement>("radio").map(({ value }) => value)).toEqual(["no", "project"]);
    expect(screen.queryByRole("radiogroup", { name: read.words })).toBeNull();
  });
});

describe("a plugin", () => {
  it("shows its tools with what they take, and the schema itself on demand", async () => {
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab="tools" />);
    const tool = await screen.findByRole("button", { name: /forecast/ });
    for (const words of ["only reads", "asks first", "Forecasts the weather."]) expect(tool.textContent).toContain(words);
    expect(tool.textContent).not.toContain("Day by day");
    await user.click(tool);
    const row = screen.getByRole("row", { name: /place/ });
    for (const words of ["required", "text", "A city."]) expect(row.textContent).toContain(words);
    await user.click(screen.getByRole("button", { name: "JSON Schema" }));
    expect(screen.getByRole("group", { name: "schema code" }).textContent).toContain('"type": "object"');
  });

  it("is left and reached by tabs with the arrow keys", async () => {
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab="powers" />);
    (await screen.findByRole("tab", { name: /Powers/ })).focus();
    await user.keyboard("{ArrowLeft}");
    expect(location.search).toBe("?tab=about");
    await user.keyboard("{Home}");
    expect(location.search).toBe("?tab=powers");
  });

  it("tells what it did, marks what was denied, and shows older records on demand", async () => {
    const entry: AuditEntry = {
      at: "2026-01-01T00:00:00Z",
      kind: "request",
      user: "dana",
      tool: "forecast",
      outcome: "answered",
      powers: [],
      digest: "d",
      method: "GET",
      host: "api.weather.example",
      path: "/v1/now",
      status: 200,
      bytes_sent: 0,
      bytes_received: 2_048,
      duration_ms: 31,
    };
    network
      .on("GET /api/plugins/w/audit?limit=50", {
        body: { records: [entry, { ...entry, outcome: "denied", host: "evil.example", path: "/", status: null }], next: "n1" },
      })
      .on("GET /api/plugins/w/audit?limit=50&cursor=n1", { body: { records: [{ ...entry, kind: "call", outcome: "ok", method: null }] } })
      .on("GET /api/plugins/w/audit?limit=50&kind=change", { body: { records: [] } });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab="activity" />);
    const denied = await screen.findByRole("row", { name: /evil\.example/ });
    expect(denied.textContent).toContain("denied");
    expect(screen.getByText("it answered 503")).toBeTruthy();
    const sent = screen.getByRole("row", { name: /api\.weather\.example\/v1\/now/ });
    for (const words of ["GET", "200", "2.0 KB", "31 ms"]) expect(sent.textContent).toContain(words);
    await user.click(screen.getByRole("button", { name: "Show older" }));
    await waitFor(() => expect(screen.getAllByRole("row")).toHaveLength(4));
    expect(screen.queryByRole("button", { name: "Show older" })).toBeNull();
    await user.click(screen.getByRole("radio", { name: "Changes" }));
    await screen.findByText("Nothing was changed.");
  });

  it("shows its README without anything that could run or load", async () => {
    network.on("GET /api/plugins/w/readme", {
      text: "# Hello\n\n<img src=x onerror=alert(1)>\n\n![p](https://track.example/p.png) [home](javascript:alert(1))",
    });
    detail({ homepage: "javascript:alert(1)" });
    const { container } = show(<PluginDetail pluginId="w" projectId={null} tab="about" />);
    await screen.findByRole("heading", { name: "Hello" });
    expect(container.querySelectorAll("img, script, [href^='javascript']")).toHaveLength(0);
    expect(screen.getByText("sha256:aaaa")).toBeTruthy();
  });

  it("that is gone says so", async () => {
    network.on("GET /api/plugins/w", { status: 404, body: { title: "Not found" } });
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    await screen.findByText("This plugin is not here");
  });

  it("is removed after a question that says what goes with it", async () => {
    network.on("DELETE /api/plugins/w", { status: 204 });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    await user.click(await screen.findByRole("button", { name: "Actions for weather" }));
    await user.click(screen.getByRole("menuitem", { name: "Remove…" }));
    const dialog = screen.getByRole("dialog", { name: "Remove weather?" });
    expect(dialog.textContent).toContain("1 tool of the agent");
    expect(document.activeElement).toBe(within(dialog).getByRole("button", { name: "Keep" }));
    await user.click(within(dialog).getByRole("button", { name: "Remove plugin" }));
    await waitFor(() => expect(network.changes()).toEqual([{ route: "DELETE /api/plugins/w", body: undefined }]));
  });

  it("goes back to the version before", async () => {
    network.on("POST /api/plugins/w/rollback", { body: { ...weather, version: "0.1.0" } });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    await user.click(await screen.findByRole("button", { name: "Actions for weather" }));
    await user.click(screen.getByRole("menuitem", { name: "Roll back to 0.1.0…" }));
    await user.click(screen.getByRole("button", { name: "Go back to 0.1.0" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(network.changes()).toEqual([{ route: "POST /api/plugins/w/rollback", body: undefined }]);
  });

  it.each([
    ["shipped", "shipped"],
    ["sent as a file", "upload"],
  ])("%s has no source to ask for an update", async (_, source) => {
    detail({ source, scope: source === "shipped" ? "shipped" : "mine", can_manage: source !== "shipped" });
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    await screen.findByRole("heading", { name: "weather" });
    expect(screen.queryByRole("button", { name: "Check for update" })).toBeNull();
  });
});

describe("a power that somebody came for", () => {
  it("has the focus and says why, until it is given", async () => {
    show(<PluginDetail pluginId="w" projectId={null} tab={null} power={sql.id} />);
    const note = await screen.findByText("a call was refused this");
    expect(document.activeElement).toBe(note.closest("li"));
    cleanup();
    detail({ requests: [read, { ...sql, given: "everywhere" }, write] });
    lists({ plugins: [] });
    show(<PluginDetail pluginId="w" projectId={null} tab={null} power={sql.id} />);
    await waitFor(() => expect(document.activeElement?.textContent).toContain("/api/2.0/sql/statements"));
    expect(screen.queryByText("a call was refused this")).toBeNull();
  });

  it("and that this version does not ask for is said to be so", async () => {
    show(<PluginDetail pluginId="w" projectId={null} tab={null} power="state" />);
    expect((await screen.findByText("It does not ask for that any more")).closest("[role=status]")?.textContent).toContain("state");
  });
});

describe("an update that asks for more", () => {
  const added: PowerRequest[] = [
    { ...read, id: "GET https://archive.example/**", words: "GET archive.example/**", given: "no" },
    { ...sql, id: "DELETE workspace/x as-caller", words: "DELETE your workspace x" },
  ];
  const pending = {
    digest: "sha256:bbbb",
    version: "0.3.0",
    added,
    removed: [read],
    tools_added: ["history"],
    tools_removed: ["forecast"],
    tools_changed: [],
    tools_less_careful: [],
  };

  it("waits, shows what changes, and takes only what is ticked", async () => {
    detail({ pending, status: "update-waiting" }).on("POST /api/plugins/w/consent", { body: weather });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    const panel = within(await screen.findByRole("region", { name: "Version 0.3.0 waits for you" }));
    expect(panel.getByRole("group", { name: "Changed tools" }).textContent).toMatch(/history.*new.*forecast.*gone/);
    expect(panel.getByRole("group", { name: "No longer asked for" }).textContent).toContain("api.weather.example/v1/*");
    const boxes = panel.getAllByRole<HTMLInputElement>("checkbox");
    expect(boxes.map(({ checked }) => checked)).toEqual([false, false]);
    await user.click(panel.getByRole("checkbox", { name: /archive|\/\*\*/ }));
    await user.click(panel.getByRole("button", { name: "Update to 0.3.0" }));
    await waitFor(() =>
      expect(network.changes()).toEqual([
        { route: "POST /api/plugins/w/consent", body: { digest: "sha256:bbbb", grants: ["GET https://archive.example/**"] } },
      ]),
    );
  });

  it("is turned down", async () => {
    detail({ pending, status: "update-waiting" }).on("DELETE /api/plugins/w/pending", { body: weather });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    await user.click(await screen.findByRole("button", { name: "Keep 0.2.0" }));
    await waitFor(() => expect(network.changes().map(({ route }) => route)).toEqual(["DELETE /api/plugins/w/pending"]));
  });

  it("decided upon before it was sent goes through without a second question", async () => {
    const inspection: Inspection = {
      ...inspected,
      name: "weather",
      version: "0.3.0",
      staged: "sha256:bbbb",
      installed: { id: "w", version: "0.2.0", scope: "mine" },
      diff: pending,
    };
    network
      .on("POST /api/plugins/inspect", { body: inspection })
      .on("POST /api/plugins/w/update", { body: { outcome: "waiting", plugin: { ...weather, pending } } })
      .on("POST /api/plugins/w/consent", { body: { ...weather, version: "0.3.0" } });
    const user = userEvent.setup();
    show(<PluginList projectId={null} />);
    await choose(user, new File(["x"], "weather.wasm"));
    await user.click(await screen.findByRole("checkbox", { name: /\/\*\*/ }));
    await user.click(screen.getByRole("button", { name: "Update, give 1 of 2" }));
    await waitFor(() => expect(location.pathname).toBe("/plugins/w"));
    expect(network.changes().slice(1)).toEqual([
      { route: "POST /api/plugins/w/update", body: { staged: "sha256:bbbb" } },
      { route: "POST /api/plugins/w/consent", body: { digest: "sha256:bbbb", grants: ["GET https://archive.example/**"] } },
    ]);
  });
});

const inspected: Inspection = {
  staged: "sha256:cccc",
  name: "currency",
  version: "1.0.0",
  description: "Exchange rates.",
  authors: ["Kim"],
  licence: "MIT",
  digest: "sha256:cccc",
  size_bytes: 4_096,
  source: "upload",
  pinned: "upload",
  signature: { status: "trusted", publisher: "acme" },
  tools: weather.tools,
  requests: [{ ...read, given: "no" }, sql, write],
  refusals: [],
  warnings: [],
};

async function choose(user: ReturnType<typeof userEvent.setup>, file: File): Promise<void> {
  await user.click(await screen.findByRole("button", { name: "Add plugin" }));
  await user.upload(screen.getByLabelText("Plugin package"), file);
  await user.click(screen.getByRole("button", { name: "Look at it" }));
}

describe("adding", () => {
  it("sends the file, gives nothing dangerous by itself, and installs with what was chosen", async () => {
    network.on("POST /api/plugins/inspect", { body: inspected }).on("POST /api/plugins", { status: 201, body: { ...weather, id: "n", name: "currency" } });
    const user = userEvent.setup();
    show(<PluginList projectId={null} />);
    await choose(user, new File(["\0asm"], "currency.wasm"));
    const dialog = within(await screen.findByRole("dialog", { name: "Add currency?" }));
    expect(network.changes()[0]?.body).toBeInstanceOf(FormData);
    expect(dialog.getByText("Signed by acme")).toBeTruthy();
    const checked = (): boolean[] => dialog.getAllByRole<HTMLInputElement>("checkbox").map((box) => box.checked);
    // The workspace in one's own name, reading from a listed host, writing files.
    expect(checked()).toEqual([false, true, false]);
    await user.click(dialog.getByRole("button", { name: "Give all" }));
    expect(checked()).toEqual([true, true, true]);
    await user.click(dialog.getByRole("checkbox", { name: /Change, create/ }));
    expect(dialog.queryByRole("radio", { name: "Everyone" })).toBeNull();
    await user.click(dialog.getByRole("button", { name: "Install, give 2 of 3" }));
    await waitFor(() => expect(location.pathname).toBe("/plugins/n"));
    expect(network.changes()[1]).toEqual({ route: "POST /api/plugins", body: { staged: "sha256:cccc", scope: "me", grants: [read.id, sql.id] } });
  });

  it("for everyone and for one project, where the policy and the page allow it", async () => {
    network
      .on("GET /api/plugins?project_id=p", { body: { plugins: [weather], policy: { ...policy, may_install_for_everyone: true } } })
      .on("POST /api/plugins/inspect", { body: inspected })
      .on("POST /api/plugins", { status: 201, body: { ...weather, id: "n" } });
    const user = userEvent.setup();
    show(<PluginList projectId="p" />);
    await choose(user, new File(["x"], "currency.wasm"));
    await user.click(await screen.findByRole("radio", { name: "Everyone" }));
    await user.click(screen.getByRole("button", { name: /Install/ }));
    await waitFor(() => expect(network.changes()[1]?.body).toEqual({ staged: "sha256:cccc", scope: "everyone", grants: [read.id], project_id: "p" }));
    await waitFor(() => expect(location.pathname).toBe("/projects/p/plugins/n"));
  });

  it("from an address says beside the field why that was not accepted", async () => {
    network.on("POST /api/plugins/inspect", {
      status: 422,
      body: { title: "Invalid", detail: "The request does not fit.", errors: [{ field: "source", message: "add #sha256=<digest>" }] },
    });
    const user = userEvent.setup();
    show(<PluginList projectId={null} />);
    await user.click(await screen.findByRole("button", { name: "Add plugin" }));
    await user.click(screen.getByRole("radio", { name: "From an address" }));
    const field = screen.getByRole("textbox", { name: "Address" });
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Look at it" }).disabled).toBe(true);
    await user.type(field, " https://plugins.example/x.wasm {Enter}");
    expect((await screen.findByRole("alert")).textContent).toContain("add #sha256=<digest>");
    expect(field.getAttribute("aria-invalid")).toBe("true");
    expect(network.changes()[0]?.body).toEqual({ source: "https://plugins.example/x.wasm" });
    await user.type(field, "#");
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("shows why a package is refused and offers no way to install it", async () => {
    network.on("POST /api/plugins/inspect", {
      body: { ...inspected, refusals: ["It is unsigned, and this host wants a signature."], signature: { status: "unsigned" } },
    });
    const user = userEvent.setup();
    show(<PluginList projectId={null} />);
    await choose(user, new File(["x"], "currency.wasm"));
    expect((await screen.findByRole("alert")).textContent).toContain("this host wants a signature");
    expect(screen.queryByRole("button", { name: /Install/ })).toBeNull();
    expect(screen.queryByRole("checkbox")).toBeNull();
    await user.click(screen.getByRole("button", { name: "Back" }));
    expect(screen.getByLabelText("Plugin package")).toBeTruthy();
  });

  it("says that the host did not install it, and lets one try again", async () => {
    network
      .on("POST /api/plugins/inspect", { body: inspected })
      .on("POST /api/plugins", { status: 409, body: { title: "Taken", detail: "There is a plugin of this name." } });
    const user = userEvent.setup();
    show(<PluginList projectId={null} />);
    await choose(user, new File(["x"], "currency.wasm"));
    await user.click(await screen.findByRole("button", { name: "Install, give 1 of 3" }));
    expect((await screen.findByRole("alert")).textContent).toContain("There is a plugin of this name.");
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Install, give 1 of 3" }).disabled).toBe(false);
  });

  it("replaces by another package only what has its name", async () => {
    network.on("POST /api/plugins/inspect", { body: inspected });
    const user = userEvent.setup();
    show(<PluginDetail pluginId="w" projectId={null} tab={null} />);
    await user.click(await screen.findByRole("button", { name: "Actions for weather" }));
    await user.click(screen.getByRole("menuitem", { name: "Update from elsewhere…" }));
    await user.upload(await screen.findByLabelText("Plugin package"), new File(["x"], "currency.wasm"));
    await user.click(screen.getByRole("button", { name: "Look at it" }));
    expect((await screen.findByRole("alert")).textContent).toContain("another plugin: currency, not weather");
    expect(screen.queryByRole("button", { name: /^Update/ })).toBeNull();
  });
});
