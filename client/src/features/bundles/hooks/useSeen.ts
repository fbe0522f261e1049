import { useEffect, useSyncExternalStore } from "react";
import type { Bundle } from "../model/bundles";
import { type Change, type Seen, changesOf, keepSeen, makeSeen, seenBundles, seenOf } from "../model/seen";
import type { Texts } from "./useTexts";

export interface SeenBundle {
  /** `null` until the files are here for the first time. */
  readonly was: Seen | null;
  readonly changes: ReadonlyMap<string, Change>;
  /** Compares with the files as they are now from here on. */
  readonly startAnew: () => void;
}

/** What changed in a bundle since this window first showed it. */
export function useSeen(projectId: string, bundle: Bundle, { texts, complete }: Texts): SeenBundle {
  const known = useSyncExternalStore(seenBundles.subscribe, seenBundles.get);
  const was = seenOf(known, projectId, bundle.folder);
  const startAnew = (): void => keepSeen(projectId, bundle.folder, makeSeen(bundle.files, texts, new Date().toISOString()));
  const isFirst = was === null && complete;
  // What was seen is kept by the window, beyond this page.
  useEffect(() => {
    if (isFirst) keepSeen(projectId, bundle.folder, makeSeen(bundle.files, texts, new Date().toISOString()));
  }, [isFirst, projectId, bundle, texts]);
  return { was, changes: changesOf(was, bundle.files, texts), startAnew };
}
