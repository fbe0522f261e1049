import { queryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { Summary } from "../model/status";

/** Behind the stream of changes, and in its place for windows that nobody looks at: their titles say what waits. */
const REFRESH_MS = 15_000;

export const conversationsQuery = (projectId: string) =>
  queryOptions({
    queryKey: keys.conversations(projectId),
    queryFn: ({ signal }) => json<Summary[]>(`/api/projects/${encodeURIComponent(projectId)}/conversations`, { signal }),
    refetchInterval: REFRESH_MS,
    refetchIntervalInBackground: true,
  });
