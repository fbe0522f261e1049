import { queryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { PluginList } from "./types";

export const pluginsQuery = (projectId: string | null) =>
  queryOptions({
    queryKey: keys.pluginList(projectId),
    staleTime: 0,
    queryFn: ({ signal }) => json<PluginList>(`/api/plugins${ofProject(projectId)}`, { signal }),
  });

export function ofProject(projectId: string | null): string {
  return projectId === null ? "" : `?project_id=${encodeURIComponent(projectId)}`;
}
