import { infiniteQueryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import { pluginPath } from "./plugin";
import type { AuditPage } from "./types";

const PAGE_SIZE = 50;

/** How often an open record looks for what was added, in milliseconds. */
const REFRESH_MS = 5_000;

export type AuditFilter = "all" | "call" | "request" | "change";

export const auditQuery = (id: string, filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: keys.pluginAudit(id, filter),
    queryFn: ({ signal, pageParam }) => {
      const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
      if (filter !== "all") query.set("kind", filter);
      if (pageParam !== null) query.set("cursor", pageParam);
      return json<AuditPage>(`${pluginPath(id)}/audit?${query.toString()}`, { signal });
    },
    staleTime: 0,
    // A record is written a moment after what it tells of. Whoever reads further down is not moved.
    refetchInterval: ({ state }) => (state.data?.pages.length === 1 ? REFRESH_MS : false),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next ?? null,
  });
