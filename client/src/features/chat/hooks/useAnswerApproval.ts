import { useMutation } from "@tanstack/react-query";
import { json } from "@/api/http";
import type { ApprovalDecision } from "@/api/types";
import { useChat } from "../chatContext";

/** Answers a waiting call. The first answer counts; the stream then tells what was decided. */
export function useAnswerApproval(callId: string) {
  const { session } = useChat();
  return useMutation({
    mutationFn: (decision: ApprovalDecision) => {
      const executionId = session.store.get().executionId ?? "";
      const path = `/api/executions/${encodeURIComponent(executionId)}/approvals/${encodeURIComponent(callId)}`;
      return json<{ decision: ApprovalDecision }>(path, { method: "POST", body: { decision } });
    },
  });
}
