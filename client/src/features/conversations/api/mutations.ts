import { useMutation, useQueryClient } from "@tanstack/react-query";
import { send } from "@/api/http";
import { keys } from "@/api/keys";

const path = (projectId: string, id: string): string => `/api/projects/${encodeURIComponent(projectId)}/conversations/${encodeURIComponent(id)}`;

export function useRenameConversation(projectId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, title }: { id: string; title: string }) => send(path(projectId, id), { method: "PATCH", body: { title } }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.conversations(projectId) }),
  });
}

export function useDeleteConversation(projectId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => send(path(projectId, id), { method: "DELETE" }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.conversations(projectId) }),
  });
}
