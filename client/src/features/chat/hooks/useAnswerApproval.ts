import { useMutation, useQueryClient } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import { useChat } from "../chatContext";
import type { Decision } from "../model/view";

/** An answer, with what the user says beside it; empty for nothing. */
export interface GivenAnswer {
  readonly decision: Decision;
  readonly words: string;
}

/** Answers a waiting call. The first answer counts; the stream then tells what was decided. */
export function useAnswerApproval(callId: string) {
  const { projectId, conversationId, session } = useChat();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ decision, words }: GivenAnswer) => {
      const executionId = session.store.get().executionId ?? "";
      const path = `/api/executions/${encodeURIComponent(executionId)}/approvals/${encodeURIComponent(callId)}`;
      const said = words.trim();
      const body = said === "" ? { decision } : { decision, reply: { words: said } };
      return json<{ decision: Decision }>(path, { method: "POST", body });
    },
    onSuccess: (_, { decision }) =>
      decision === "conversation" ? queryClient.invalidateQueries({ queryKey: keys.standing(projectId, conversationId) }) : undefined,
  });
}
