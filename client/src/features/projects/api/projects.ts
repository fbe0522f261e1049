import { type InfiniteData, infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { Project, ProjectList } from "@/api/types";

/** Cards say what runs and what waits. */
const REFRESH_MS = 15_000;

export const projectsQuery = () =>
  infiniteQueryOptions({
    queryKey: keys.projects,
    queryFn: ({ pageParam, signal }) => {
      const from = pageParam === null ? "" : `?after=${encodeURIComponent(pageParam)}`;
      return json<ProjectList>(`/api/projects${from}`, { signal });
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    select: listed,
    refetchInterval: REFRESH_MS,
  });

/** One project, for a page of one that is not among those that were loaded. */
export const projectQuery = (id: string) =>
  queryOptions({
    queryKey: keys.project(id),
    queryFn: ({ signal }) => json<Project>(`/api/projects/${encodeURIComponent(id)}`, { signal }),
  });

/** All that was loaded, the newest first. */
function listed({ pages }: InfiniteData<ProjectList, string | null>): readonly Project[] {
  return pages.flatMap((page) => page.projects);
}
