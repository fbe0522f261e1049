import { useMutation } from "@tanstack/react-query";
import { json } from "@/api/http";
import { useChat } from "../chatContext";
import type { Decision } from "../model/view";

/** Answers a waiting call. The first answer counts; the stream then tells what was decided. */
export function useAnswerApproval(callId: string) {
  const { session } = useChat();
  return useMutation({
    mutationFn: (decision: Decision) => {
      const executionId = session.store.get().executionId ?? "";
      const path = `/api/executions/${encodeURIComponent(executionId)}/approvals/${encodeURIComponent(callId)}`;
      return json<{ decision: Decision }>(path, { method: "POST", body: { decision } });
    },
  });
}
