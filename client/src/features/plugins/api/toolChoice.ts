import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { ChosenTools } from "./types";

const path = (projectId: string): string => `/api/projects/${encodeURIComponent(projectId)}/tool_choice`;

export const toolChoiceQuery = (projectId: string) =>
  queryOptions({ queryKey: keys.toolChoice(projectId), queryFn: ({ signal }) => json<ChosenTools>(path(projectId), { signal }) });

/** Puts another choice in the place of the project's. */
export function useSetToolChoice(projectId: string) {
  const client = useQueryClient();
  return useMutation({
    scope: { id: `tool-choice-${projectId}` },
    mutationFn: (choice: ChosenTools) => json<ChosenTools>(path(projectId), { method: "PUT", body: choice }),
    onSuccess: (kept) => client.setQueryData(keys.toolChoice(projectId), kept),
  });
}
