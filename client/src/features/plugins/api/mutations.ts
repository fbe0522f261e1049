import { type QueryClient, useMutation, useMutationState, useQueryClient } from "@tanstack/react-query";
import { json, send } from "@/api/http";
import { keys } from "@/api/keys";
import { grantChanges, withTarget } from "../model/grants";
import { pluginPath } from "./plugin";
import type { ConsentRequest, Given, GrantChange, InstallRequest, Inspection, Plugin, UpdateAnswer } from "./types";

/** Whatever changes a plugin may change which tools there are, and what every list says of it. */
async function refresh(client: QueryClient): Promise<void> {
  await Promise.all([
    client.invalidateQueries({ queryKey: keys.plugins }),
    client.invalidateQueries({ queryKey: keys.tools }),
    client.invalidateQueries({ queryKey: keys.me }),
  ]);
}

/** Where a package comes from: an address that the host reads, or a file sent along. */
export type PackageInput = { source: string; manifest?: string } | { file: File; manifest?: File };

export function useInspect() {
  return useMutation({
    mutationFn: ({ input, signal }: { input: PackageInput; signal: AbortSignal }) =>
      json<Inspection>("/api/plugins/inspect", { method: "POST", body: "file" in input ? form(input) : input, signal }),
  });
}

function form({ file, manifest }: { file: File; manifest?: File }): FormData {
  const form = new FormData();
  form.append("package", file, file.name);
  if (manifest !== undefined) form.append("manifest", manifest, manifest.name);
  return form;
}

export function useInstall() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (request: InstallRequest) => json<Plugin>("/api/plugins", { method: "POST", body: request }),
    onSuccess: () => refresh(client),
  });
}

/** Updates; what a person has already looked at and accepted does not wait for them again. */
export function useUpdate(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ staged, accept }: { staged?: string; accept?: Omit<ConsentRequest, "digest"> }): Promise<UpdateAnswer> => {
      const answer = await json<UpdateAnswer>(`${pluginPath(id)}/update`, { method: "POST", body: staged === undefined ? {} : { staged } });
      const waiting = answer.plugin.pending;
      if (answer.outcome !== "waiting" || accept === undefined || waiting == null || waiting.digest !== staged) return answer;
      const plugin = await json<Plugin>(`${pluginPath(id)}/consent`, { method: "POST", body: { ...accept, digest: waiting.digest } });
      return { outcome: "swapped", plugin };
    },
    onSettled: () => refresh(client),
  });
}

export function useConsent(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (request: ConsentRequest) => json<Plugin>(`${pluginPath(id)}/consent`, { method: "POST", body: request }),
    onSettled: () => refresh(client),
  });
}

export function useRejectUpdate(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => json<Plugin>(`${pluginPath(id)}/pending`, { method: "DELETE" }),
    onSettled: () => refresh(client),
  });
}

/**
 * Gives and takes powers. The page shows the new state at once, so that a second press builds on the first; the host is
 * asked in the order of the presses, and what it says afterwards is what counts.
 */
export function useSetGrants(shown: Plugin, projectId: string | null) {
  const client = useQueryClient();
  const { id } = shown;
  const key = keys.plugin(id, projectId);
  const mutationKey = ["plugin-grants", id];
  const mutation = useMutation({
    mutationKey,
    scope: { id: `plugin-grants-${id}` },
    mutationFn: async (changes: readonly GrantChange[]) => {
      for (const change of changes) await json<Plugin>(`${pluginPath(id)}/grants`, { method: "PUT", body: change });
    },
    onSettled: () => (client.isMutating({ mutationKey }) === 1 ? refresh(client) : undefined),
  });
  const give = async (ids: readonly string[], target: Given): Promise<void> => {
    // An answer on its way is of before this press. It must be gone first: a cancelled request puts back what was there.
    await client.cancelQueries({ queryKey: key });
    // The newest, which a press just before this one may have changed; the page may still show what the list knew.
    const plugin = client.getQueryData<Plugin>(key) ?? shown;
    const changes = grantChanges(plugin.requests, ids, target, projectId);
    client.setQueryData<Plugin>(key, { ...plugin, requests: withTarget(plugin.requests, ids, target) });
    mutation.mutate(changes);
  };
  const set = (ids: readonly string[], target: Given): void => void give(ids, target);
  return { set, error: mutation.error, isPending: mutation.isPending };
}

export function useSetEnabled(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (enabled: boolean) => json<Plugin>(pluginPath(id), { method: "PATCH", body: { enabled } }),
    onSuccess: () => refresh(client),
  });
}

/** `wanted`: what was pressed and is not yet so, wherever it was pressed; another page of the plugin shows it as well. */
export function useSetProjectEnabled(id: string, projectId: string) {
  const client = useQueryClient();
  const mutationKey = ["plugin-switch", id, projectId];
  const mutation = useMutation({
    mutationKey,
    mutationFn: (enabled: boolean) => json<Plugin>(`${pluginPath(id)}/projects/${encodeURIComponent(projectId)}`, { method: "PUT", body: { enabled } }),
    onSuccess: () => refresh(client),
  });
  const pending = useMutationState({ filters: { mutationKey, status: "pending" }, select: ({ state }) => state.variables as boolean });
  return { set: mutation.mutate, wanted: pending.at(-1), error: mutation.error };
}

export function useRollBack(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => json<Plugin>(`${pluginPath(id)}/rollback`, { method: "POST" }),
    onSuccess: () => refresh(client),
  });
}

export function useRemove(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => send(pluginPath(id), { method: "DELETE" }),
    onSuccess: async () => {
      // Nothing is left to ask about it.
      client.removeQueries({ queryKey: [...keys.plugins, "one", id] });
      client.removeQueries({ queryKey: [...keys.plugins, "audit", id] });
      await Promise.all([
        client.invalidateQueries({ queryKey: [...keys.plugins, "list"] }),
        client.invalidateQueries({ queryKey: keys.tools }),
        client.invalidateQueries({ queryKey: keys.me }),
      ]);
    },
  });
}
