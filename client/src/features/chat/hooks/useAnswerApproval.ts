import { useMutation, useQueryClient } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import { useChat } from "../chatContext";
import type { Decision } from "../model/view";

/** Answers a waiting call. The first answer counts; the stream then tells what was decided. */
export function useAnswerApproval(callId: string) {
  const { projectId, conversationId, session } = useChat();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (decision: Decision) => {
      const executionId = session.store.get().executionId ?? "";
      const path = `/api/executions/${encodeURIComponent(executionId)}/approvals/${encodeURIComponent(callId)}`;
      return json<{ decision: Decision }>(path, { method: "POST", body: { decision } });
    },
    onSuccess: (_, decision) =>
      decision === "conversation" ? queryClient.invalidateQueries({ queryKey: keys.standing(projectId, conversationId) }) : undefined,
  });
}
