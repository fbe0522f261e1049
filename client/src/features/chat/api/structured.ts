import { queryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";

/** A typed result that was too large to come with its event. It never changes. */
export const structuredQuery = (executionId: string, callId: string) =>
  queryOptions({
    queryKey: keys.structured(executionId, callId),
    queryFn: ({ signal }) => json<unknown>(`/api/executions/${encodeURIComponent(executionId)}/calls/${encodeURIComponent(callId)}/structured`, { signal }),
    staleTime: Infinity,
    gcTime: 60_000,
  });
