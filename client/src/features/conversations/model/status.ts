/** What a person wants to know of a conversation they do not look at. */
import type { ConversationSummary } from "@/api/types";

/** `unread`: it went on to an end since this browser showed it last. */
export type ConversationStatus = "waiting" | "running" | "failed" | "unread" | "idle";

/** Beside the summary: what hosts say that know more. */
export type Summary = ConversationSummary & { readonly state?: string; readonly last_seq?: number };

export const statusWords: Record<Exclude<ConversationStatus, "idle">, string> = {
  waiting: "waits for you",
  running: "running",
  failed: "failed",
  unread: "done",
};

export function statusOf(conversation: Summary, seenSeq: number | undefined): ConversationStatus {
  if (conversation.state === "waiting") return "waiting";
  if (conversation.active_execution_id != null) return "running";
  const isUnread = conversation.last_seq !== undefined && seenSeq !== undefined && conversation.last_seq > seenSeq;
  if (conversation.state === "failed") return "failed";
  return isUnread ? "unread" : "idle";
}

export interface News {
  readonly conversation: Summary;
  readonly text: string;
}

/** What changed between two looks at a list that somebody may want to be called for. */
export function newsOf(before: readonly Summary[], after: readonly Summary[]): News[] {
  const known = new Map(before.map((conversation) => [conversation.id, conversation]));
  return after.flatMap((conversation) => {
    const earlier = known.get(conversation.id);
    if (conversation.state === "waiting" && earlier?.state !== "waiting") return [{ conversation, text: "waits for your answer" }];
    const ended = earlier?.active_execution_id != null && conversation.active_execution_id == null;
    if (!ended) return [];
    return [{ conversation, text: conversation.state === "failed" ? "failed" : "is done" }];
  });
}
