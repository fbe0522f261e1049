import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { keys, madeByTurns } from "@/api/keys";
import { useSessions } from "@/features/chat/chatContext";
import type { Sessions } from "@/features/chat/model/sessions";
import { conversationsQuery } from "@/features/conversations/api/conversations";
import { adopt } from "@/features/conversations/api/told";
import { type Change, followChanges } from "@/features/conversations/model/changes";
import type { Summary } from "@/features/conversations/model/status";

/** The project's list and its open conversation follow what happens elsewhere: in other windows, or by itself. */
export function useProjectChanges(projectId: string): readonly Summary[] {
  const queryClient = useQueryClient();
  const sessions = useSessions();
  const conversations = useInfiniteQuery(conversationsQuery(projectId)).data;

  // A stream is of the world outside.
  useEffect(() => {
    const controller = new AbortController();
    const again = (queryKeys: readonly (readonly string[])[]): void => {
      for (const queryKey of queryKeys) queryClient.invalidateQueries({ queryKey }).catch(() => undefined);
    };
    const listener = {
      onChange: (change: Change) => {
        adopt(queryClient, projectId, change);
        // A turn may have ended that nobody followed here.
        if (change.kind === "changed" && change.summary.active_execution_id == null) again(madeByTurns(projectId));
        if (change.kind === "deleted") sessions.removed(change.id);
      },
      onOpen: () => again([keys.conversations(projectId), ...madeByTurns(projectId)]),
    };
    followChanges(projectId, listener, controller.signal).catch(() => undefined);
    return () => controller.abort();
  }, [projectId, queryClient, sessions]);

  // However the list came to know it: what is on screen follows.
  useEffect(() => tell(sessions, conversations ?? none), [sessions, conversations]);
  return conversations ?? none;
}

const none: readonly Summary[] = [];

function tell(sessions: Sessions, conversations: readonly Summary[]): void {
  for (const { id, last_seq, active_execution_id } of conversations) sessions.heard(id, last_seq ?? null, active_execution_id ?? null);
}
