import { useMutation, useQueryClient } from "@tanstack/react-query";
import { json, send } from "@/api/http";
import { keys } from "@/api/keys";
import type { Project } from "@/api/types";

const path = (id: string): string => `/api/projects/${encodeURIComponent(id)}`;

export function useCreateProject() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => json<Project>("/api/projects", { method: "POST", body: { name } }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.projects, exact: true }),
  });
}

export function useRenameProject() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, name }: { id: string; name: string }) => send(path(id), { method: "PATCH", body: { name } }),
    onSuccess: async (_, { id }) => {
      await client.invalidateQueries({ queryKey: keys.project(id) });
      await client.invalidateQueries({ queryKey: keys.projects, exact: true });
    },
  });
}

export function useDeleteProject() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => send(path(id), { method: "DELETE" }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.projects, exact: true }),
  });
}
