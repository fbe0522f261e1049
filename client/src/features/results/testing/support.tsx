/** A host with one result, and what a result's parts stand in. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type RenderResult, render } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";
import type { ResultInfo } from "@/api/types";
import { ResultNavigation, type ResultNavigationValue } from "../resultNavigation";

export const ID = "0194f3a2-0000-7000-8000-000000000001";

export const info: ResultInfo = {
  id: ID,
  project_id: "p",
  conversation_id: "c",
  execution_id: "e",
  call_id: "call-1",
  ordinal: 0,
  content: "table",
  title: null,
  media_type: null,
  file_name: null,
  state: "complete",
  cut: null,
  rows: 3,
  bytes: 100,
  stored_bytes: 60,
  digest: "ab".repeat(32),
  created_at: "2026-01-01T00:00:00Z",
  finished_at: "2026-01-01T00:00:01Z",
  columns: [
    { name: "id", type: "integer", source_type: "BIGINT" },
    { name: "name", type: "string", source_type: "STRING" },
    { name: "tags", type: "json", source_type: "ARRAY<BIGINT>" },
  ],
  origin: { tool: "mcp__databricks__execute_sql", statement: "SELECT 1", statement_id: "s-1", warehouse_id: "w-1", duration_ms: 812 },
};

export const rows: unknown[][] = [
  ["9007199254740993", "", "[9007199254740993]"],
  ["2", null, null],
  ["3", "Ada", "[]"],
];

type Answer = { status?: number; json?: unknown; text?: string };

/** Answers by the path's end; `asked` has all that was asked for. */
export function host(answers: Readonly<Record<string, (url: URL, body: unknown) => Answer>>, of: ResultInfo = info): URL[] {
  const asked: URL[] = [];
  const all: Record<string, (url: URL, body: unknown) => Answer> = {
    [`/api/results/${ID}`]: () => ({ json: of }),
    "/rows": (url) => {
      const offset = Number(url.searchParams.get("offset"));
      const limit = Number(url.searchParams.get("limit"));
      const part = rows.slice(offset, offset + limit);
      return {
        json: { offset, total: rows.length, next: null, columns: [0, 1, 2], row_numbers: part.map((_, at) => offset + at), rows: part, cut: [] },
      };
    },
    "/summary": () => ({ json: { rows: 3, nulls: 1, min: "2", max: "9007199254740993", mean: 1.5, longest: null } }),
    "/distinct": () => ({
      json: {
        values: [
          { value: null, count: 1 },
          { value: "", count: 1 },
          { value: "Ada", count: 1 },
        ],
        distinct: 3,
        complete: true,
      },
    }),
    "/histogram": () => ({ json: { bins: [], nulls: 0, others: 0 } }),
    ...answers,
  };
  vi.stubGlobal("fetch", (path: string, { body: sent }: RequestInit = {}) => {
    const url = new URL(path, "http://bricklayer.example");
    asked.push(url);
    const answer = Object.entries(all).findLast(([end]) => url.pathname.endsWith(end))?.[1](url, typeof sent === "string" ? JSON.parse(sent) : null) ?? {
      status: 404,
      json: {},
    };
    const body = answer.text ?? JSON.stringify(answer.json);
    return Promise.resolve(new Response(body, { status: answer.status ?? 200, headers: { "content-type": "application/json" } }));
  });
  return asked;
}

export const navigation: ResultNavigationValue = {
  href: ({ id, row, column }) => `?result=${id}&row=${row}&column=${column}`,
  follow: vi.fn((event) => event.preventDefault()),
  open: vi.fn(),
  prepare: vi.fn(),
};

export function show(children: ReactNode): RenderResult {
  return render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <ResultNavigation value={navigation}>{children}</ResultNavigation>
    </QueryClientProvider>,
  );
}
