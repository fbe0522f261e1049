import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { HeldRules, ProjectRules } from "./types";

const path = (projectId: string): string => `/api/projects/${encodeURIComponent(projectId)}/permission_rules`;

export const rulesQuery = (projectId: string) =>
  queryOptions({ queryKey: keys.permissionRules(projectId), queryFn: ({ signal }) => json<HeldRules>(path(projectId), { signal }) });

/** Puts other rules in the place of the project's. */
export function useSetRules(projectId: string) {
  const client = useQueryClient();
  return useMutation({
    scope: { id: `permission-rules-${projectId}` },
    mutationFn: (rules: ProjectRules) => json<HeldRules>(path(projectId), { method: "PUT", body: rules }),
    onSuccess: (kept) => client.setQueryData(keys.permissionRules(projectId), kept),
  });
}
