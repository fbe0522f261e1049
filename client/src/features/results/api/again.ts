/** Running a result's call again, and what changed by it. */
import { queryOptions, useMutation } from "@tanstack/react-query";
import * as v from "valibot";
import { json } from "@/api/http";
import { resultPath } from "./result";

const begun = v.object({ execution_id: v.string(), conversation_id: v.string() });
const listed = v.object({ results: v.array(v.object({ id: v.string(), origin: v.optional(v.object({ rerun_of: v.optional(v.nullable(v.string())) })) })) });

/** Begins a turn that makes the same call again. */
export function useRunAgain(id: string) {
  return useMutation({
    mutationFn: async () => v.parse(begun, await json<unknown>(`${resultPath(id)}/run_again`, { method: "POST", body: {} })),
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

const column = v.object({
  name: v.string(),
  type: v.string(),
  precision: v.nullish(v.number(), null),
  scale: v.nullish(v.number(), null),
  source_type: v.nullish(v.string(), null),
});
const example = v.object({ row: v.number(), values: v.array(v.unknown()) });
const changes = v.object({
  columns: v.object({
    added: v.array(v.string()),
    removed: v.array(v.string()),
    changed: v.array(v.object({ name: v.string(), from: column, to: column })),
  }),
  rows: v.object({ before: v.number(), after: v.number(), same: v.number(), added: v.number(), removed: v.number() }),
  added: v.array(example),
  removed: v.array(example),
  /** Whether all rows that changed are listed. */
  complete: v.boolean(),
});

export type Changes = v.InferOutput<typeof changes>;

const EXAMPLES = 20;

/** What is different in a newer result. */
export const changesQuery = (before: string, after: string) =>
  queryOptions({
    queryKey: ["results", before, "changes", after],
    queryFn: async ({ signal }) =>
      v.parse(changes, await json<unknown>(`${resultPath(before)}/changes?to=${encodeURIComponent(after)}&limit=${EXAMPLES}`, { signal })),
    staleTime: Infinity,
  });
