import { useMutation, useQueryClient } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { PermissionMode } from "@/shared/lib/modes";
import { useChat } from "../chatContext";
import type { Decision } from "../model/view";

/** What the user answers to one question of the call. */
export interface QuestionAnswer {
  readonly chosen: readonly string[];
  /** Empty for none. */
  readonly words: string;
}

/** An answer, with what the user says beside it; empty for nothing. */
export interface GivenAnswer {
  readonly decision: Decision;
  readonly words?: string;
  readonly answers?: readonly QuestionAnswer[];
  /** Of those that the call proposes. */
  readonly mode?: PermissionMode;
}

/** Answers a waiting call. The first answer counts; the stream then tells what was decided. */
export function useAnswerApproval(callId: string) {
  const { projectId, conversationId, session, onMode } = useChat();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ decision, words = "", answers = [], mode }: GivenAnswer) => {
      const executionId = session.store.get().executionId ?? "";
      const path = `/api/executions/${encodeURIComponent(executionId)}/approvals/${encodeURIComponent(callId)}`;
      const said = words.trim();
      const reply = {
        ...(said === "" ? {} : { words: said }),
        ...(answers.length === 0 ? {} : { answers: answers.map(wire) }),
        ...(mode === undefined ? {} : { mode }),
      };
      const body = Object.keys(reply).length === 0 ? { decision } : { decision, reply };
      return json<{ decision: Decision }>(path, { method: "POST", body });
    },
    onSuccess: (_, { decision, mode }) => {
      if (mode !== undefined) onMode(mode);
      return decision === "conversation" ? queryClient.invalidateQueries({ queryKey: keys.standing(projectId, conversationId) }) : undefined;
    },
  });
}

function wire({ chosen, words }: QuestionAnswer) {
  const own = words.trim();
  return own === "" ? { chosen } : { chosen, words: own };
}
