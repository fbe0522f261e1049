/** Every address inside the app is built here, and read by `parseRoute` in the same file. */

export type Route =
  | { page: "projects" }
  /**
   * `tool`: the plugin is meant that has this tool; who wrote the link did not know which one that is.
   * `power`: the one that is meant of those that the plugin asks for, by its id.
   */
  | { page: "plugins"; projectId: string | null; pluginId: string | null; tab: string | null; tool: string | null; power: string | null }
  | { page: "project"; projectId: string; conversationId: string | null; file: string | null; files: boolean; result: ResultPlace | null }
  /** `path`: a file of a skill, which begins with the skill's name. */
  | { page: "skills"; projectId: string; path: string | null }
  | { page: "bundles"; projectId: string; at: BundlePlace | "new" | null }
  | { page: "unknown" };

/** A bundle, and what of it is looked at. */
export interface BundlePlace {
  /** Its folder in the project; empty for the project's own. */
  readonly folder: string;
  /** `null`: the default one. */
  readonly target: string | null;
  readonly tab: string | null;
  /** The file that is open, from the project's folder, and a line of it. */
  readonly file: string | null;
  readonly line: number | null;
}

/** A result, and a place in it: its row in the whole from zero, and its column's place from zero or its name. */
export interface ResultPlace {
  readonly id: string;
  readonly row: number | null;
  readonly column: string | null;
  /** What of it is looked at; the table without it. */
  readonly view?: "chart";
}

export const links = {
  projects: (): string => "/",
  project: (projectId: string): string => `/projects/${encodeURIComponent(projectId)}`,
  conversation: (projectId: string, conversationId: string): string => `/projects/${encodeURIComponent(projectId)}/c/${encodeURIComponent(conversationId)}`,
  /** Seen from a project, the switches and powers of that project appear. */
  plugins: (projectId: string | null): string => `${projectId === null ? "" : `/projects/${encodeURIComponent(projectId)}`}/plugins`,
  plugin: (projectId: string | null, pluginId: string, at: { tab?: string | null; power?: string | null } = {}): string =>
    `${links.plugins(projectId)}/${encodeURIComponent(pluginId)}${query(at)}`,
  pluginOfTool: (projectId: string | null, tool: string, power: string | null = null): string => `${links.plugins(projectId)}${query({ tool, power })}`,
  skills: (projectId: string): string => `/projects/${encodeURIComponent(projectId)}/skills`,
  skill: (projectId: string, path: string): string => `${links.skills(projectId)}${query({ file: path })}`,
  bundles: (projectId: string): string => `/projects/${encodeURIComponent(projectId)}/bundles`,
  newBundle: (projectId: string): string => `${links.bundles(projectId)}?new`,
  bundle: (projectId: string, folder: string, { target, tab, file, line }: Partial<Omit<BundlePlace, "folder">> = {}): string =>
    `${links.bundles(projectId)}${query({ folder, target, tab, file, line: line == null ? null : String(line) })}`,
  /** The same page with a result open, at a place of it. */
  withResult: (path: string, { id, row, column, view }: ResultPlace): string =>
    `${path}${query({ result: id, row: row === null ? null : String(row), column, view })}`,
  /** The same page with the file panel open, at one file or at the list. */
  withFile: (path: string, file: string | null): string => `${path}?${file === null ? "files" : `file=${encodeURIComponent(file)}`}`,
};

export function parseRoute(pathname: string, search: string): Route {
  const parts = pathname.split("/").filter((part) => part !== "");
  const decoded = parts.map(safeDecode);
  const [head, projectId, c, conversationId] = decoded;
  const asked = new URLSearchParams(search);
  if (parts.length === 0) return { page: "projects" };
  const ofPlugins = { page: "plugins", tab: asked.get("tab"), tool: asked.get("tool"), power: asked.get("power") } as const;
  if (head === "plugins" && parts.length <= 2) return { ...ofPlugins, projectId: null, pluginId: decoded[1] ?? null };
  if (head !== "projects" || projectId === undefined) return { page: "unknown" };
  if (c === "plugins" && parts.length <= 4) return { ...ofPlugins, projectId, pluginId: conversationId ?? null };
  const file = asked.get("file");
  if (c === "skills" && parts.length === 3) return { page: "skills", projectId, path: file };
  if (c === "bundles" && parts.length === 3) return { page: "bundles", projectId, at: asked.has("new") ? "new" : bundlePlace(asked) };
  const panel = { file, files: file !== null || asked.has("files"), result: resultPlace(asked) };
  if (parts.length === 2) return { page: "project", projectId, conversationId: null, ...panel };
  if (parts.length === 4 && c === "c" && conversationId !== undefined) return { page: "project", projectId, conversationId, ...panel };
  return { page: "unknown" };
}

function bundlePlace(asked: URLSearchParams): BundlePlace | null {
  const folder = asked.get("folder");
  if (folder === null) return null;
  const line = asked.get("line");
  return {
    folder,
    target: asked.get("target"),
    tab: asked.get("tab"),
    file: asked.get("file"),
    line: line !== null && /^[1-9]\d{0,6}$/.test(line) ? Number(line) : null,
  };
}

function resultPlace(asked: URLSearchParams): ResultPlace | null {
  const id = asked.get("result");
  if (id === null || id === "") return null;
  const row = asked.get("row");
  return {
    id,
    row: row !== null && /^\d{1,15}$/.test(row) ? Number(row) : null,
    column: asked.get("column"),
    ...(asked.get("view") === "chart" && { view: "chart" as const }),
  };
}

function query(members: Readonly<Record<string, string | null | undefined>>): string {
  const said = Object.entries(members).flatMap(([name, value]) => (value == null ? [] : [`${name}=${encodeURIComponent(value)}`]));
  return said.length === 0 ? "" : `?${said.join("&")}`;
}

function safeDecode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
