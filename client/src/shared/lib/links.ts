/** Every address inside the app is built here, and read by `parseRoute` in the same file. */

export type Route =
  | { page: "projects" }
  | { page: "project"; projectId: string; conversationId: string | null; file: string | null; files: boolean }
  | { page: "unknown" };

export const links = {
  projects: (): string => "/",
  project: (projectId: string): string => `/projects/${encodeURIComponent(projectId)}`,
  conversation: (projectId: string, conversationId: string): string =>
    `/projects/${encodeURIComponent(projectId)}/c/${encodeURIComponent(conversationId)}`,
  /** The same page with the file panel open, at one file or at the list. */
  withFile: (path: string, file: string | null): string =>
    `${path}?${file === null ? "files" : `file=${encodeURIComponent(file)}`}`,
};

export function parseRoute(pathname: string, search: string): Route {
  const parts = pathname.split("/").filter((part) => part !== "");
  const decoded = parts.map(safeDecode);
  const [head, projectId, c, conversationId] = decoded;
  if (parts.length === 0) return { page: "projects" };
  if (head !== "projects" || projectId === undefined) return { page: "unknown" };
  const query = new URLSearchParams(search);
  const file = query.get("file");
  const panel = { file, files: file !== null || query.has("files") };
  if (parts.length === 2) return { page: "project", projectId, conversationId: null, ...panel };
  if (parts.length === 4 && c === "c" && conversationId !== undefined) return { page: "project", projectId, conversationId, ...panel };
  return { page: "unknown" };
}

function safeDecode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
