/** What a person allowed for the rest of a conversation. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import * as v from "valibot";
import { json, send } from "@/api/http";
import { keys } from "@/api/keys";

const schema = v.object({ id: v.string(), tool: v.string(), verb: v.string(), objects: v.array(v.string()), since: v.string() });

export type StandingPermission = v.InferOutput<typeof schema>;

/** Those that a conversation's answer names; none from a host that has no such permissions. */
export function standingOf(conversation: unknown): readonly StandingPermission[] {
  const parsed = v.safeParse(v.object({ standing_permissions: v.array(schema) }), conversation);
  return parsed.success ? parsed.output.standing_permissions : [];
}

const path = (projectId: string, id: string): string => `/api/projects/${encodeURIComponent(projectId)}/conversations/${encodeURIComponent(id)}`;

/** They come with the conversation itself; asked for alone only after one of them changed. */
export const standingQuery = (projectId: string, conversationId: string) =>
  queryOptions({
    queryKey: keys.standing(projectId, conversationId),
    queryFn: async ({ signal }) => standingOf(await json<unknown>(`${path(projectId, conversationId)}?turns=1`, { signal })),
    staleTime: Infinity,
  });

export function useRevoke(projectId: string, conversationId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => send(`${path(projectId, conversationId)}/permissions/${encodeURIComponent(id)}`, { method: "DELETE" }),
    onSettled: () => client.invalidateQueries({ queryKey: keys.standing(projectId, conversationId) }),
  });
}
