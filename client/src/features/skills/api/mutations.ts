import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { json, send } from "@/api/http";
import { keys } from "@/api/keys";
import { skillsPath } from "./skills";
import type { EnabledSkills, Reloaded, Skill, SkillFile } from "./types";

/** Whatever changes a skill may change which tools there are as well. */
async function refresh(client: QueryClient, projectId: string): Promise<void> {
  await Promise.all([client.invalidateQueries({ queryKey: keys.skills(projectId) }), client.invalidateQueries({ queryKey: keys.tools })]);
}

/** Chooses which skills are enabled; `null`: all, also those that come later. One choice after the other. */
export function useEnableSkills(projectId: string) {
  const client = useQueryClient();
  return useMutation({
    scope: { id: `skills-${projectId}` },
    mutationFn: (names: readonly string[] | null) =>
      json<EnabledSkills>(`${skillsPath(projectId)}/enabled`, { method: "PUT", body: { enabled_skills: names } }),
    onSettled: () => refresh(client, projectId),
  });
}

export function useReloadSkills(projectId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (discardEdits: boolean) =>
      json<Reloaded>(`${skillsPath(projectId)}/reload${discardEdits ? "?discard_edits=true" : ""}`, { method: "POST", body: {} }),
    onSuccess: () => refresh(client, projectId),
  });
}

export function useUploadSkill(projectId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ file, replace }: { file: File; replace: boolean }) =>
      json<Skill>(`${skillsPath(projectId)}/upload${replace ? "?replace=true" : ""}`, {
        method: "POST",
        body: file,
        // Browsers name an archive in several ways.
        headers: { "content-type": "application/zip" },
      }),
    onSuccess: () => refresh(client, projectId),
  });
}

export function useRemoveSkill(projectId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => send(`${skillsPath(projectId)}/own/${encodeURIComponent(name)}`, { method: "DELETE" }),
    onSuccess: () => refresh(client, projectId),
  });
}

export function useWriteSkillFile(projectId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (file: { path: string; content: string; base: string | null }) =>
      json<SkillFile>(`${skillsPath(projectId)}/file`, { method: "PUT", body: file }),
    onSuccess: async (kept) => {
      client.setQueryData(keys.skillFile(projectId, kept.path), kept);
      await refresh(client, projectId);
    },
  });
}
