import type { QueryClient } from "@tanstack/react-query";
import { keys } from "@/api/keys";
import { type Change, applyChange } from "../model/changes";
import { type ConversationPages, relist } from "./conversations";

/** Takes a change that was told into the project's list, at once. */
export function adopt(queryClient: QueryClient, projectId: string, change: Change): void {
  const queryKey = keys.conversations(projectId);
  queryClient.setQueryData<ConversationPages>(queryKey, (pages) => pages && relist(pages, (list) => applyChange(list, change)));
  askAnew(queryClient, queryKey).catch(() => undefined);
  queryClient.invalidateQueries({ queryKey: keys.projects, exact: true }).catch(() => undefined);
}

/** An answer that is on its way may have been made before the change, and would undo it: it is not waited for. */
async function askAnew(queryClient: QueryClient, queryKey: readonly unknown[]): Promise<void> {
  const onItsWay = { queryKey, exact: true };
  if (queryClient.isFetching(onItsWay) === 0) return;
  // A first answer is not given up for another by itself; one that follows is, and must not take the list back with it.
  if (queryClient.getQueryData(queryKey) === undefined) await queryClient.cancelQueries(onItsWay);
  await queryClient.invalidateQueries(onItsWay);
}
