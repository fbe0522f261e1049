import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import { Problem } from "@/api/problem";
import type { InvokeAnswer, InvokeRequest, TurnSettings } from "@/api/types";
import { useSessions } from "../chatContext";

interface SendOptions {
  projectId: string;
  conversationId: string | null;
  settings: TurnSettings;
  onAccepted: (conversationId: string, said: Said) => void;
}

interface Said {
  message: string;
  /** It waited for the turn before; its place in the queue. */
  queuedId?: string;
}

/**
 * Sends a message. The same text sent again after a failure carries the same id, so that a request whose answer was
 * lost does not become a second turn.
 */
export function useSend({ projectId, conversationId, settings, onAccepted }: SendOptions) {
  const sessions = useSessions();
  const queryClient = useQueryClient();
  const attempt = useRef<{ message: string; id: string } | null>(null);
  const mutation = useMutation({
    mutationFn: ({ message }: Said) => {
      if (attempt.current?.message !== message) attempt.current = { message, id: crypto.randomUUID() };
      const request: InvokeRequest = {
        project_id: projectId,
        message,
        client_message_id: attempt.current.id,
        ...settings,
        ...(conversationId === null ? {} : { conversation_id: conversationId }),
      };
      return json<InvokeAnswer>("/api/invoke_agent", { method: "POST", body: request });
    },
    onSuccess: (answer, said) => {
      attempt.current = null;
      sessions.get(projectId, answer.conversation_id).started(answer.execution_id, said.message);
      queryClient.invalidateQueries({ queryKey: keys.conversations(projectId) }).catch(() => undefined);
      onAccepted(answer.conversation_id, said);
      mutation.reset();
    },
    onError: (error) => {
      // The server tells that a turn runs that this page does not know: show it.
      if (error instanceof Problem && error.code === "turn-in-progress" && conversationId !== null) {
        sessions
          .get(projectId, conversationId)
          .load()
          .catch(() => undefined);
      }
    },
  });
  return mutation;
}
