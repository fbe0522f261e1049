import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import { Problem } from "@/api/problem";
import type { InvokeAnswer, InvokeRequest, TurnSettings } from "@/api/types";
import { useSessions } from "../chatContext";
import type { Session } from "../model/session";

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
  /** The turn whose place it takes. */
  insteadOf?: string;
}

/** Where it is said: in the place of a turn, or at the end of the version that is on screen, where there are several. */
function placeOf(session: Session, insteadOf: string | undefined): Pick<InvokeRequest, "instead_of" | "lane_id"> {
  if (insteadOf !== undefined) return { instead_of: insteadOf };
  const { laneId, versions } = session.store.get();
  return laneId === null || versions.size === 0 ? {} : { lane_id: laneId };
}

/**
 * Sends a message. The same text sent again after a failure carries the same id, so that a request whose answer was
 * lost does not become a second turn.
 */
export function useSend({ projectId, conversationId, settings, onAccepted }: SendOptions) {
  const sessions = useSessions();
  const queryClient = useQueryClient();
  const attempt = useRef<{ said: string; id: string } | null>(null);
  const mutation = useMutation({
    mutationFn: ({ message, insteadOf }: Said) => {
      const said = JSON.stringify([message, insteadOf]);
      if (attempt.current?.said !== said) attempt.current = { said, id: crypto.randomUUID() };
      const request: InvokeRequest = {
        project_id: projectId,
        message,
        client_message_id: attempt.current.id,
        ...settings,
        ...(conversationId !== null && { conversation_id: conversationId, ...placeOf(sessions.get(projectId, conversationId), insteadOf) }),
      };
      return json<InvokeAnswer>("/api/invoke_agent", { method: "POST", body: request });
    },
    onSuccess: (answer, said) => {
      attempt.current = null;
      sessions.get(projectId, answer.conversation_id).started(answer.execution_id, said.message, said.insteadOf);
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
