import { useQueries, useQuery } from "@tanstack/react-query";
import { deployedQuery, deploysQuery } from "../api/history";
import type { Deploy } from "../model/history";

export interface Deploys {
  readonly deploys: readonly Deploy[];
  readonly isPending: boolean;
  readonly error: Error | null;
  readonly retry: () => void;
}

/** What was deployed from this project, newest first. */
export function useDeploys(projectId: string): Deploys {
  const lines = useQuery(deploysQuery(projectId));
  const listed = lines.data ?? [];
  const told = useQueries({ queries: listed.map(deployedQuery) });
  return {
    deploys: listed.map((line, at) => ({
      id: line.resource_id,
      at: line.created_at,
      name: line.name,
      isRemoval: line.type === "bundle_removal",
      conversationId: line.conversation_id ?? null,
      result: told[at]?.data ?? null,
    })),
    isPending: lines.isPending || told.some(({ isLoading }) => isLoading),
    error: lines.error,
    retry: () => void lines.refetch(),
  };
}
