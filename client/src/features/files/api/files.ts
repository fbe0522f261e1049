import { queryOptions } from "@tanstack/react-query";
import { json, send } from "@/api/http";
import { keys } from "@/api/keys";
import type { ProjectFiles } from "@/api/types";

export const filesQuery = (projectId: string) =>
  queryOptions({
    queryKey: keys.files(projectId),
    queryFn: ({ signal }) => json<ProjectFiles>(`/api/projects/${encodeURIComponent(projectId)}/files`, { signal }),
  });

/** Files larger than this are offered for download and not shown. */
export const MAX_VIEW_BYTES = 4 * 1_024 * 1_024;

export interface FileContent {
  /** `null`: not text. */
  text: string | null;
  size: number;
}

export const fileQuery = (projectId: string, path: string) =>
  queryOptions({
    queryKey: keys.file(projectId, path),
    queryFn: async ({ signal }): Promise<FileContent> => {
      const response = await send(fileUrl(projectId, path), { signal });
      const isText = (response.headers.get("content-type") ?? "").startsWith("text/");
      const size = Number(response.headers.get("content-length") ?? 0);
      if (isText && size <= MAX_VIEW_BYTES) return { text: await response.text(), size };
      await response.body?.cancel();
      return { text: null, size };
    },
  });

export function fileUrl(projectId: string, path: string, options: { download?: boolean } = {}): string {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return `/api/projects/${encodeURIComponent(projectId)}/files/${encoded}${options.download === true ? "?download=1" : ""}`;
}
