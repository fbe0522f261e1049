/** A project with one bundle, as the host tells of it. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";

const at = "2026-01-01T00:00:00Z";
const main = "bundle: {name: etl}\ninclude: [resources/*.yml]\ntargets:\n  dev: {default: true, mode: development}\n  prod: {mode: production}\n";
export const jobs = "resources:\n  jobs:\n    nightly:\n      tasks:\n        - {task_key: load, notebook_task: {notebook_path: ../load.py}}\n";

export const finding = {
  severity: "warning",
  rule: "unknown-field",
  path: "resources.jobs.nightly.nam",
  file: "etl/resources/jobs.yml",
  line: 3,
  column: 5,
  message: "the field `nam` is not known here <img src=x onerror=alert(1)>",
  advice: "did you mean `name`?",
  repair: { written: "nam", instead: "name" },
};

export const validation = {
  ok: true,
  name: "etl",
  target: "dev",
  mode: "development",
  root_path: "/Workspace/etl",
  findings: [] as unknown[],
  errors: 0,
  warnings: 0,
  recommendations: 0,
  resources: [],
  files: 3,
};

const planned = { id: null, note: null, changes: [] as string[], drift: [] as string[] };
export const plan = {
  plan_id: "7f",
  ok: true,
  destroy: false,
  target: "dev",
  root_path: "/Workspace/etl",
  serial: 1,
  resources: [
    { ...planned, key: "jobs.same", action: "skip" },
    { ...planned, key: "jobs.nightly", action: "update", changes: ["tasks[0].notebook_task"], drift: ["schedule"] },
    { ...planned, key: "schemas.old", action: "delete" },
  ],
  deletes: ["schemas.old"],
  uploads: 2,
  deleted_files: 0,
  refusals: [] as string[],
  warnings: ["`schemas.old` has tables"],
};

/** What a tool answers: its result, or how it failed. */
type Answer = { structured: unknown } | { failure: { kind: string; message: string; remedy: string | null } } | { status: number; code: string };

export interface Host {
  files: Record<string, string>;
  tools: Record<string, Answer>;
  /** Messages that began a conversation. */
  begun: string[];
  /** Calls of tools, with their arguments. */
  asked: string[];
}

/** Plays the host's routes that the panel asks. */
export function playHost(): Host {
  const host: Host = { files: { "etl/databricks.yml": main, "etl/resources/jobs.yml": jobs, "etl/load.py": "x = 1\n" }, tools: {}, begun: [], asked: [] };
  vi.stubGlobal("fetch", (path: string, options: RequestInit = {}) =>
    Promise.resolve(answer(host, path, typeof options.body === "string" ? options.body : "{}")),
  );
  return host;
}

function answer(host: Host, path: string, body: string): Response {
  const [, tool] = /\/tools\/([^/]+)\/call$/.exec(path) ?? [];
  if (tool !== undefined) {
    const { input } = JSON.parse(body) as { input: unknown };
    host.asked.push(`${tool} ${JSON.stringify(input)}`);
    const said = host.tools[tool] ?? { status: 404, code: "not-found" };
    if ("status" in said) return Response.json({ type: `https://bricklayer.dev/problems/${said.code}`, detail: "refused" }, { status: said.status });
    return Response.json({ content: "", structured: null, failure: null, ...said });
  }
  if (path === "/api/invoke_agent") {
    host.begun.push((JSON.parse(body) as { message: string }).message);
    return Response.json({ execution_id: "t", conversation_id: "c" }, { status: 202 });
  }
  if (path.includes("/resources?")) return Response.json({ resources: [], next: null });
  const [, file] = /\/files\/(.+)$/.exec(path) ?? [];
  if (file !== undefined) return new Response(host.files[decodeURIComponent(file)] ?? "", { headers: { "content-type": "text/plain" } });
  const files = Object.entries(host.files).map(([name, text]) => ({ path: name, name, url_path: name, size: text.length, modified: at }));
  return Response.json({ project_id: "p", files, truncated: false });
}

export function show(children: ReactNode) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return { client, ...render(<QueryClientProvider client={client}>{children}</QueryClientProvider>) };
}
