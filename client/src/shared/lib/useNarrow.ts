import { useSyncExternalStore } from "react";

/** Below this width the sidebar and the file panel lie over the chat instead of beside it. */
const NARROW = "(max-width: 56rem)";

function subscribe(listener: () => void): () => void {
  const query = matchMedia(NARROW);
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
}

export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => matchMedia(NARROW).matches);
}
