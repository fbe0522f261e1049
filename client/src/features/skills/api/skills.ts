import { queryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { SkillFile, SkillList, SkillTree } from "./types";

export const skillsPath = (projectId: string): string => `/api/projects/${encodeURIComponent(projectId)}/skills`;

export const skillsQuery = (projectId: string) =>
  queryOptions({ queryKey: keys.skillList(projectId), queryFn: ({ signal }) => json<SkillList>(`${skillsPath(projectId)}/available`, { signal }) });

export const skillTreeQuery = (projectId: string) =>
  queryOptions({ queryKey: keys.skillTree(projectId), queryFn: ({ signal }) => json<SkillTree>(`${skillsPath(projectId)}/tree`, { signal }) });

export const skillFileQuery = (projectId: string, path: string) =>
  queryOptions({
    queryKey: keys.skillFile(projectId, path),
    queryFn: ({ signal }) => json<SkillFile>(`${skillsPath(projectId)}/file?path=${encodeURIComponent(path)}`, { signal }),
  });
