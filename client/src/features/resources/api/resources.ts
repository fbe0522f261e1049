import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { json, send } from "@/api/http";
import { keys } from "@/api/keys";
import type { InvokeAnswer, ResourceList } from "@/api/types";

const path = (projectId: string): string => `/api/projects/${encodeURIComponent(projectId)}/resources`;

/** Lines of the list that are asked for; the newest are what one looks for. */
const MAX_SHOWN = 200;

export const resourcesQuery = (projectId: string) =>
  queryOptions({
    queryKey: keys.resources(projectId),
    queryFn: ({ signal }) => json<ResourceList>(`${path(projectId)}?limit=${MAX_SHOWN}`, { signal }),
  });

/** Begins the turn that removes the thing: its call is asked about in its conversation. */
export function useRemoveResource(projectId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => json<InvokeAnswer>(`${path(projectId)}/${encodeURIComponent(id)}/remove`, { method: "POST", body: {} }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.conversations(projectId) }),
  });
}

/** Takes the line off the list, and leaves the thing as it is. */
export function useForgetResource(projectId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => send(`${path(projectId)}/${encodeURIComponent(id)}`, { method: "DELETE" }),
    onSettled: () => client.invalidateQueries({ queryKey: keys.resources(projectId) }),
  });
}
