import { useSyncExternalStore } from "react";
import { Store } from "./store";

/** Why the host knows nobody any more who asks from this page; `null` while it does. */
export interface SignedOut {
  /** The host's own words, where it gave any. */
  detail: string | null;
}

/**
 * Set by whoever sends requests, shown once for the whole page. What failed because of it says nothing of its own:
 * there is one thing to do, and it is the same everywhere.
 */
export const signedOut = new Store<SignedOut | null>(null);

export function useSignedOut(): SignedOut | null {
  return useSyncExternalStore(signedOut.subscribe, signedOut.get);
}
