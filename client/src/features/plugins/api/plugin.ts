import { queryOptions } from "@tanstack/react-query";
import { json, send } from "@/api/http";
import { keys } from "@/api/keys";
import { ofProject } from "./plugins";
import type { Plugin } from "./types";

export const pluginPath = (id: string): string => `/api/plugins/${encodeURIComponent(id)}`;

const REFRESH_MS = 30_000;

export const pluginQuery = (id: string, projectId: string | null) =>
  queryOptions({
    queryKey: keys.plugin(id, projectId),
    // Its status is the host's doing: it may fail, or get a new version from elsewhere, while one looks.
    refetchInterval: REFRESH_MS,
    // And every call in the chat counts: who comes back from there finds it.
    staleTime: 0,
    queryFn: ({ signal }) => json<Plugin>(`${pluginPath(id)}${ofProject(projectId)}`, { signal }),
  });

/** What its author wrote; another version has another digest and maybe another text. */
export const readmeQuery = (id: string, digest: string) =>
  queryOptions({
    queryKey: keys.pluginReadme(id, digest),
    queryFn: async ({ signal }) => (await send(`${pluginPath(id)}/readme`, { signal })).text(),
    staleTime: Infinity,
  });

/** The digest is there for the browser's cache: another version may have another picture. */
export function iconUrl(plugin: Pick<Plugin, "id" | "digest">): string {
  return `${pluginPath(plugin.id)}/icon?digest=${encodeURIComponent(plugin.digest)}`;
}
