/** Running a result's call again, and what changed by it. */
import { queryOptions, useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import * as v from "valibot";
import { json } from "@/api/http";
import type { ResultChanges, RunAgainRequest } from "@/api/types";
import { resultPath } from "./result";

const begun = v.object({ execution_id: v.string(), conversation_id: v.string() });
const listed = v.object({ results: v.array(v.object({ id: v.string(), origin: v.optional(v.object({ rerun_of: v.optional(v.nullable(v.string())) })) })) });

/**
 * Begins a turn that makes the same call again. After a failure the same wish carries the same id, so that a request
 * whose answer was lost does not become a second turn.
 */
export function useRunAgain(id: string) {
  const wish = useRef<string | null>(null);
  return useMutation({
    mutationFn: async () => {
      wish.current ??= crypto.randomUUID();
      const body: RunAgainRequest = { client_message_id: wish.current };
      return v.parse(begun, await json<unknown>(`${resultPath(id)}/run_again`, { method: "POST", body }));
    },
    onSuccess: () => {
      wish.current = null;
    },
  });
}

/** How often it is asked for what a call that runs again has made. */
const LOOK_EVERY_MS = 700;

/** The newest result that is this one run again; `null` until there is one. */
export const rerunQuery = (id: string, conversationId: string) =>
  queryOptions({
    queryKey: ["results", id, "rerun", conversationId],
    queryFn: async ({ signal }) => {
      const answer = v.parse(listed, await json<unknown>(`/api/conversations/${encodeURIComponent(conversationId)}/results?limit=20`, { signal }));
      return answer.results.find(({ origin }) => origin?.rerun_of === id)?.id ?? null;
    },
    refetchInterval: LOOK_EVERY_MS,
    staleTime: 0,
  });

const EXAMPLES = 20;

/** What is different in a newer result. */
export const changesQuery = (before: string, after: string) =>
  queryOptions({
    queryKey: ["results", before, "changes", after],
    queryFn: ({ signal }) => json<ResultChanges>(`${resultPath(before)}/changes?to=${encodeURIComponent(after)}&limit=${EXAMPLES}`, { signal }),
    staleTime: Infinity,
  });
