import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Resource } from "@/api/types";
import { ResourceList } from "./components/ResourceList";

const job: Resource = {
  resource_id: "r1",
  type: "job",
  id: "12",
  name: "nightly",
  link: "https://w.example/jobs/12",
  whole: true,
  tool: "mcp__databricks__create_job",
  conversation_id: "c1",
  execution_id: "t1",
  tool_id: "call_1",
  created_at: "2026-01-01T00:00:00Z",
  removable: true,
};
const index: Resource = { ...job, resource_id: "r2", type: "vector_search_index", name: "docs", whole: false, removable: false };

let sent: string[];
let listed: readonly Resource[];
beforeEach(() => {
  sent = [];
  listed = [job, index];
  vi.stubGlobal("fetch", (path: string, options: RequestInit = {}) => {
    const method = options.method ?? "GET";
    if (method !== "GET") sent.push(`${method} ${path}`);
    if (method === "DELETE") return Promise.resolve(new Response(null, { status: 204 }));
    const body = method === "POST" ? { execution_id: "t2", conversation_id: "c2" } : { resources: listed, next: null };
    return Promise.resolve(new Response(JSON.stringify(body), { status: method === "POST" ? 202 : 200 }));
  });
  history.replaceState(null, "", "/projects/p");
});
afterEach(() => vi.unstubAllGlobals());

function show() {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(
    <QueryClientProvider client={client}>
      <ResourceList projectId="p" />
    </QueryClientProvider>,
  );
}

describe("what a project made", () => {
  it("is listed with its type and address, and says what may be half made", async () => {
    show();
    expect((await screen.findByRole<HTMLAnchorElement>("link", { name: "nightly" })).href).toBe("https://w.example/jobs/12");
    expect(screen.getByText("vector search index")).toBeTruthy();
    expect(screen.getAllByText("may be half made")).toHaveLength(1);
  });

  it("is removed by a turn, in whose conversation one is asked", async () => {
    const user = userEvent.setup();
    show();
    await user.click(await screen.findByRole("button", { name: "Remove nightly" }));
    expect(sent).toEqual([]);
    await user.click(screen.getByRole("button", { name: "Remove" }));
    await waitFor(() => expect(location.pathname).toBe("/projects/p/c/c2"));
    expect(sent).toEqual(["POST /api/projects/p/resources/r1/remove"]);
  });

  it("is only forgotten where no tool removes it", async () => {
    const user = userEvent.setup();
    show();
    await user.click(await screen.findByRole("button", { name: "Remove docs" }));
    await user.click(screen.getByRole("button", { name: "Take off the list" }));
    await waitFor(() => expect(sent).toEqual(["DELETE /api/projects/p/resources/r2"]));
  });

  it("takes no place where it is nothing", async () => {
    listed = [];
    const { container } = show();
    await waitFor(() => expect(container.textContent).toBe(""));
  });
});
