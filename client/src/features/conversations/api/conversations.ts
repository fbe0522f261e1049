import { queryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { ConversationSummary } from "@/api/types";

/** Often enough to show that another tab started a turn, rare enough to cost nothing. */
const REFRESH_MS = 15_000;

export const conversationsQuery = (projectId: string) =>
  queryOptions({
    queryKey: keys.conversations(projectId),
    queryFn: ({ signal }) => json<ConversationSummary[]>(`/api/projects/${encodeURIComponent(projectId)}/conversations`, { signal }),
    refetchInterval: REFRESH_MS,
  });
