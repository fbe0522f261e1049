/** What the tests of the plugins page share: a plugin, and the far end of the network that knows it. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import type userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { afterEach, beforeEach, vi } from "vitest";
import type { Inspection, Plugin, PluginList as List, Policy, PowerRequest } from "../api/types";

export const policy: Policy = {
  may_install: true,
  may_install_for_everyone: false,
  sources: ["https"],
  signatures: "warn",
  ceilings: { memory_mib: 256, cpu_seconds: 60, time_limit_seconds: 120 },
};
export const read: PowerRequest = {
  id: "GET https://api.weather.example/v1/*",
  kind: "http",
  words: "GET api.weather.example/v1/*",
  identity: false,
  given: "everywhere",
};
export const sql: PowerRequest = {
  id: "POST workspace/api/2.0/sql/statements as-caller",
  kind: "http",
  words: "POST your workspace",
  identity: true,
  given: "no",
};
export const write: PowerRequest = { id: "files:write", kind: "files", words: "Change, create and delete files of the project", identity: false, given: "no" };

export const weather: Plugin = {
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
      title: "Forecast",
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

export type Answer = { status?: number; body?: unknown; text?: string };
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

export let network: Network;

beforeEach(() => {
  network = new Network()
    .on("GET /api/plugins", { body: { plugins: [weather], policy } })
    .on("GET /api/plugins/w", { body: weather })
    .on("GET /api/plugins/w?project_id=p", { body: weather });
  vi.stubGlobal("fetch", network.fetch);
  history.replaceState(null, "", "/plugins");
});
afterEach(() => vi.unstubAllGlobals());

export function show(children: ReactNode) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(<QueryClientProvider client={client}>{children}</QueryClientProvider>);
}

export const lists = (list: Partial<List>): Network => network.on("GET /api/plugins", { body: { plugins: [weather], policy, ...list } });
export const detail = (plugin: Partial<Plugin>, projectId: string | null = null): Network =>
  network.on(`GET /api/plugins/w${projectId === null ? "" : `?project_id=${projectId}`}`, { body: { ...weather, ...plugin } });

export const inspected: Inspection = {
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

export async function choose(user: ReturnType<typeof userEvent.setup>, file: File): Promise<void> {
  await user.click(await screen.findByRole("button", { name: "Add plugin" }));
  await user.upload(screen.getByLabelText("Plugin package"), file);
  await user.click(screen.getByRole("button", { name: "Look at it" }));
}
