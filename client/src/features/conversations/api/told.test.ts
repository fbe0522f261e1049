import { InfiniteQueryObserver, QueryClient } from "@tanstack/react-query";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Summary } from "../model/status";
import { conversationsQuery } from "./conversations";
import { adopt } from "./told";

const conversation = (id: string, minute: number) => ({ id, updated_at: `2026-01-01T00:0${minute}:00Z` });

/** A host whose answers wait until they are let go, in the order in which they were asked for. */
function slowHost() {
  const waiting: ((list: unknown[]) => void)[] = [];
  vi.stubGlobal(
    "fetch",
    (_path: string, { signal }: RequestInit) =>
      new Promise<Response>((answer, refuse) => {
        waiting.push((conversations) => answer(Response.json({ conversations, next: null })));
        signal?.addEventListener("abort", () => refuse(new DOMException("aborted", "AbortError")));
      }),
  );
  return waiting;
}

function watch(client: QueryClient): () => string[] {
  const observer = new InfiniteQueryObserver(client, { ...conversationsQuery("p"), refetchInterval: false });
  observer.subscribe(() => undefined);
  return () => (observer.getCurrentResult().data ?? []).map(({ id }) => id);
}

afterEach(() => vi.unstubAllGlobals());

describe("a conversation that was told", () => {
  it("is not hidden by an answer that was on its way", async () => {
    const waiting = slowHost();
    const client = new QueryClient();
    const shown = watch(client);
    await vi.waitFor(() => expect(waiting.length).toBe(1));
    waiting[0]?.([conversation("old", 1)]);
    await vi.waitFor(() => expect(shown()).toEqual(["old"]));

    client.invalidateQueries().catch(() => undefined);
    await vi.waitFor(() => expect(waiting.length).toBe(2));
    adopt(client, "p", { kind: "changed", summary: conversation("new", 2) as Summary });
    expect(shown()).toEqual(["new", "old"]);
    waiting[1]?.([conversation("old", 1)]);
    await vi.waitFor(() => expect(waiting.length).toBe(3));
    expect(shown()).toEqual(["new", "old"]);
    waiting[2]?.([conversation("newer", 3), conversation("new", 2), conversation("old", 1)]);
    await vi.waitFor(() => expect(shown()).toEqual(["newer", "new", "old"]));
  });

  it("is asked for again where the first answer is still on its way", async () => {
    const waiting = slowHost();
    const client = new QueryClient();
    const shown = watch(client);
    await vi.waitFor(() => expect(waiting.length).toBe(1));
    adopt(client, "p", { kind: "changed", summary: conversation("new", 2) as Summary });
    await vi.waitFor(() => expect(waiting.length).toBe(2));
    waiting[0]?.([]);
    waiting[1]?.([conversation("new", 2)]);
    await vi.waitFor(() => expect(shown()).toEqual(["new"]));
  });
});
