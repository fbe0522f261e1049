import { useMutation, useQueryClient } from "@tanstack/react-query";
import { json, send } from "@/api/http";
import { keys } from "@/api/keys";
import type { InvokeAnswer } from "@/api/types";
import { links } from "@/shared/lib/links";
import { navigate } from "@/shared/lib/navigation";
import type { Begun } from "./tools";

/** Begins a conversation with a command and goes there: what it changes is asked about in it. */
export function useBegin(projectId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ message, title }: Begun) => {
      const request = { project_id: projectId, message, client_message_id: crypto.randomUUID() };
      const answer = await json<InvokeAnswer>("/api/invoke_agent", { method: "POST", body: request });
      const path = `/api/projects/${encodeURIComponent(projectId)}/conversations/${encodeURIComponent(answer.conversation_id)}`;
      // People read the list of conversations; without a name of its own it stays the command.
      await send(path, { method: "PATCH", body: { title } }).catch(() => undefined);
      return answer;
    },
    onSuccess: ({ conversation_id }) => {
      client.invalidateQueries({ queryKey: keys.conversations(projectId) }).catch(() => undefined);
      navigate(links.conversation(projectId, conversation_id));
    },
  });
}
