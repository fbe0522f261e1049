import { createContext, use } from "react";
import { type BundlePlace, links } from "@/shared/lib/links";
import type { Which } from "./api/tools";
import type { Validation } from "./api/types";
import type { SeenBundle } from "./hooks/useSeen";
import type { Texts } from "./hooks/useTexts";
import type { Bundle } from "./model/bundles";
import type { Config } from "./model/config";

/** The bundle that is open, and what is known of it: every part of the page reads the same. */
export interface OpenedBundle {
  readonly projectId: string;
  readonly bundle: Bundle;
  readonly which: Which;
  /** Tells its files from what they were. */
  readonly stand: string;
  readonly texts: Texts;
  readonly config: Config;
  readonly seen: SeenBundle;
  /** The last check that came to its end; `null`: none yet. */
  readonly validation: Validation | null;
  /** Why the last check did not come to its end; said at the head of the page. */
  readonly checkError: Error | null;
  /** The target says that it is production. */
  readonly isProduction: boolean;
}

export const BundleContext = createContext<OpenedBundle | null>(null);

export function useBundle(): OpenedBundle {
  const opened = use(BundleContext);
  if (opened === null) throw new Error("this part stands outside of a bundle");
  return opened;
}

/** The same bundle and target, with another part of it in view. */
export function placeIn({ projectId, which }: OpenedBundle, place: Partial<Pick<BundlePlace, "tab" | "file" | "line">>): string {
  return links.bundle(projectId, which.folder, { target: which.target, ...place });
}
