import { useEffect, useSyncExternalStore } from "react";
import { markSeen } from "@/shared/lib/seen";
import { useSessions } from "../chatContext";
import { useSignedOut } from "@/shared/lib/signedOut";
import type { Session, SessionState } from "../model/session";

/** The session of a conversation, loaded and kept fresh while it is on screen. */
export function useSession(projectId: string, conversationId: string): { session: Session; state: SessionState } {
  const sessions = useSessions();
  const session = sessions.get(projectId, conversationId);
  const state = useSyncExternalStore(session.store.subscribe, session.store.get);
  const known = useSignedOut() === null;
  // Loads with the page, and again when the window, the network or the user comes back: another tab may have gone on.
  useEffect(() => {
    const refresh = (): void => {
      if (!known || document.visibilityState !== "visible") return;
      session.reconnectNow();
      session.load().catch(() => undefined);
    };
    const leave = session.watch();
    refresh();
    window.addEventListener("online", refresh);
    document.addEventListener("visibilitychange", refresh);
    return () => {
      leave();
      window.removeEventListener("online", refresh);
      document.removeEventListener("visibilitychange", refresh);
    };
  }, [session, known]);
  useSeenToHere(conversationId, state);
  return { session, state };
}

/** What is on screen was seen, if anybody looks at the screen. */
function useSeenToHere(conversationId: string, { phase, view }: SessionState): void {
  const { lastSeq } = view;
  // The browser knows whether the window is looked at.
  useEffect(() => {
    const look = (): void => {
      if (phase === "ready" && document.visibilityState === "visible") markSeen(conversationId, lastSeq);
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [conversationId, phase, lastSeq]);
}
