import { queryOptions } from "@tanstack/react-query";
import { json } from "./http";
import { keys } from "./keys";
import type { ProjectFiles } from "./types";
import { type FileContent, type Wanted, loadContent } from "./content";

export const filesQuery = (projectId: string) =>
  queryOptions({
    queryKey: keys.files(projectId),
    queryFn: ({ signal }) => json<ProjectFiles>(`/api/projects/${encodeURIComponent(projectId)}/files`, { signal }),
  });

export const fileQuery = (projectId: string, path: string, wanted: Wanted) =>
  queryOptions({
    queryKey: [...keys.file(projectId, path), wanted],
    queryFn: ({ signal }): Promise<FileContent> => loadContent(fileUrl(projectId, path), wanted, signal),
  });

export function fileUrl(projectId: string, path: string, options: { download?: boolean } = {}): string {
  // Half a character has no encoding.
  const encoded = path
    .replaceAll(/\p{Cs}/gu, "\uFFFD")
    .split("/")
    .map(encodeURIComponent)
    .join("/");
  return `/api/projects/${encodeURIComponent(projectId)}/files/${encoded}${options.download === true ? "?download=1" : ""}`;
}
