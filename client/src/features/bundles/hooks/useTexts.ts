import { type UseQueryResult, useQueries } from "@tanstack/react-query";
import type { FileContent } from "@/api/content";
import { comparedFiles, textQuery } from "../api/texts";
import type { Bundle } from "../model/bundles";

export interface Texts {
  /** By their paths in the project. */
  readonly texts: ReadonlyMap<string, string>;
  /** All that are read are here, or failed. */
  readonly complete: boolean;
}

/** The texts of a bundle's small files, as they are now. */
export function useTexts(projectId: string, bundle: Bundle): Texts {
  const files = comparedFiles(bundle.files);
  return useQueries({
    queries: files.map((file) => textQuery(projectId, file)),
    combine: (results: UseQueryResult<FileContent>[]): Texts => ({
      texts: new Map(results.flatMap(({ data }, at) => (data?.kind === "text" ? [[files[at]?.path ?? "", data.text] as const] : []))),
      complete: results.every(({ isPending }) => !isPending),
    }),
  });
}
