/** What a conversation's models took and cost. */
import { queryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { components } from "@/api/schema";

export type ConversationSpending = components["schemas"]["ConversationSpending"];

/** It changes with every step, so it is asked for when somebody looks. */
export const usageQuery = (projectId: string, conversationId: string) =>
  queryOptions({
    queryKey: keys.usage(projectId, conversationId),
    queryFn: ({ signal }) =>
      json<ConversationSpending>(`/api/projects/${encodeURIComponent(projectId)}/conversations/${encodeURIComponent(conversationId)}/usage`, { signal }),
    staleTime: 0,
  });
