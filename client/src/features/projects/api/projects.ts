import { queryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { Project } from "@/api/types";

/** Cards say what runs and what waits. */
const REFRESH_MS = 15_000;

export const projectsQuery = () =>
  queryOptions({
    queryKey: keys.projects,
    queryFn: ({ signal }) => json<Project[]>("/api/projects", { signal }),
    refetchInterval: REFRESH_MS,
  });
