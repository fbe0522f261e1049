import { type InfiniteData, infiniteQueryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { ConversationList } from "@/api/types";
import type { Summary } from "../model/status";

/** Behind the stream of changes, and in its place for windows that nobody looks at: their titles say what waits. */
const REFRESH_MS = 15_000;

/** What one answer holds of a list, and where the list goes on. */
export type ConversationPage = Omit<ConversationList, "conversations"> & { readonly conversations: readonly Summary[] };

export type ConversationPages = InfiniteData<ConversationPage, string | null>;

export const conversationsQuery = (projectId: string) =>
  infiniteQueryOptions({
    queryKey: keys.conversations(projectId),
    queryFn: ({ pageParam, signal }) => {
      const from = pageParam === null ? "" : `?after=${encodeURIComponent(pageParam)}`;
      return json<ConversationPage>(`/api/projects/${encodeURIComponent(projectId)}/conversations${from}`, { signal });
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    select: listed,
    refetchInterval: REFRESH_MS,
    refetchIntervalInBackground: true,
  });

/** All that was loaded, each once: what moved to the front between two answers is in both. */
export function listed({ pages }: ConversationPages): readonly Summary[] {
  const seen = new Set<string>();
  return pages.flatMap((page) => page.conversations.filter(({ id }) => !seen.has(id) && seen.add(id)));
}

/** The same pages with another list in them: what changes it knows nothing of pages. */
export function relist(pages: ConversationPages, change: (list: readonly Summary[]) => readonly Summary[]): ConversationPages {
  const list = change(listed(pages));
  return { ...pages, pages: pages.pages.map((page, index) => ({ ...page, conversations: index === 0 ? list : [] })) };
}
