import { Button } from "./Button";

interface ShowOlderProps {
  /** A list that comes in pages, the newest first. */
  list: { readonly hasNextPage: boolean; readonly isFetchingNextPage: boolean; readonly fetchNextPage: () => Promise<unknown> };
}

/** The next page of a list; nothing when all of it is shown. */
export function ShowOlder({ list }: ShowOlderProps) {
  if (!list.hasNextPage) return null;
  return (
    <Button variant="quiet" size="s" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
      {list.isFetchingNextPage ? "Loading older ones" : "Show older ones"}
    </Button>
  );
}
