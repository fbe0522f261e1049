import type { QueryClient } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys, madeByTurns } from "@/api/keys";
import type { ConversationDetail } from "@/api/types";
import { standingOf } from "../api/standing";
import { TURNS_PER_PAGE } from "./pages";
import { Session } from "./session";

/** Conversations whose folded log is kept in memory, so that going back and forth between a few costs nothing. */
const MAX_SESSIONS = 12;

export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #queryClient: QueryClient;

  constructor(queryClient: QueryClient) {
    this.#queryClient = queryClient;
  }

  get(projectId: string, conversationId: string): Session {
    const existing = this.#sessions.get(conversationId);
    if (existing !== undefined) {
      this.#sessions.delete(conversationId);
      this.#sessions.set(conversationId, existing);
      return existing;
    }
    const path = `/api/projects/${encodeURIComponent(projectId)}/conversations/${encodeURIComponent(conversationId)}`;
    const session = new Session({
      load: async (signal, { before, laneId }) => {
        const part = new URLSearchParams({ turns: String(TURNS_PER_PAGE) });
        if (before !== undefined) part.set("before", String(before));
        if (laneId !== null) part.set("lane_id", laneId);
        const detail = await json<ConversationDetail>(`${path}?${part.toString()}`, { signal });
        if (before === undefined) this.#queryClient.setQueryData(keys.standing(projectId, conversationId), standingOf(detail));
        return detail;
      },
      onActivity: (activity) => this.#activity(projectId, activity),
    });
    this.#sessions.set(conversationId, session);
    this.#dropOldest();
    return session;
  }

  /** What the project's list says of a conversation; one that is on screen follows it. */
  heard(conversationId: string, lastSeq: number | null, running: string | null): void {
    this.#sessions.get(conversationId)?.heard(lastSeq, running);
  }

  removed(conversationId: string): void {
    this.#sessions.get(conversationId)?.removed();
  }

  forget(conversationId: string): void {
    this.#sessions.get(conversationId)?.close();
    this.#sessions.delete(conversationId);
  }

  #dropOldest(): void {
    for (const [id, session] of this.#sessions) {
      if (this.#sessions.size <= MAX_SESSIONS) return;
      if (session.store.get().executionId !== null) continue;
      this.forget(id);
    }
  }

  #activity(projectId: string, activity: "tool" | "turn"): void {
    for (const queryKey of madeByTurns(projectId)) {
      this.#queryClient.invalidateQueries({ queryKey }).catch(() => undefined);
    }
    if (activity === "turn") this.#queryClient.invalidateQueries({ queryKey: keys.conversations(projectId) }).catch(() => undefined);
  }
}
