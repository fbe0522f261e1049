/** Every address inside the app is built here, and read by `parseRoute` in the same file. */

export type Route =
  | { page: "projects" }
  /** `tool`: the plugin is meant that has this tool; who wrote the link did not know which one that is. */
  | { page: "plugins"; projectId: string | null; pluginId: string | null; tab: string | null; tool: string | null }
  | { page: "project"; projectId: string; conversationId: string | null; file: string | null; files: boolean }
  | { page: "unknown" };

export const links = {
  projects: (): string => "/",
  project: (projectId: string): string => `/projects/${encodeURIComponent(projectId)}`,
  conversation: (projectId: string, conversationId: string): string => `/projects/${encodeURIComponent(projectId)}/c/${encodeURIComponent(conversationId)}`,
  /** Seen from a project, the switches and powers of that project appear. */
  plugins: (projectId: string | null): string => `${projectId === null ? "" : `/projects/${encodeURIComponent(projectId)}`}/plugins`,
  plugin: (projectId: string | null, pluginId: string, tab: string | null = null): string =>
    `${links.plugins(projectId)}/${encodeURIComponent(pluginId)}${tab === null ? "" : `?tab=${encodeURIComponent(tab)}`}`,
  pluginOfTool: (projectId: string | null, tool: string): string => `${links.plugins(projectId)}?tool=${encodeURIComponent(tool)}`,
  /** The same page with the file panel open, at one file or at the list. */
  withFile: (path: string, file: string | null): string => `${path}?${file === null ? "files" : `file=${encodeURIComponent(file)}`}`,
};

export function parseRoute(pathname: string, search: string): Route {
  const parts = pathname.split("/").filter((part) => part !== "");
  const decoded = parts.map(safeDecode);
  const [head, projectId, c, conversationId] = decoded;
  const query = new URLSearchParams(search);
  if (parts.length === 0) return { page: "projects" };
  const ofPlugins = { page: "plugins", tab: query.get("tab"), tool: query.get("tool") } as const;
  if (head === "plugins" && parts.length <= 2) return { ...ofPlugins, projectId: null, pluginId: decoded[1] ?? null };
  if (head !== "projects" || projectId === undefined) return { page: "unknown" };
  if (c === "plugins" && parts.length <= 4) return { ...ofPlugins, projectId, pluginId: conversationId ?? null };
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
