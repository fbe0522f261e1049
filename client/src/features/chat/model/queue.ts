/** Messages that were written while a turn ran, kept until it is over. One window's own affair; a reload keeps them. */
import { recall, remember } from "@/shared/lib/storage";

export interface Queued {
  readonly id: string;
  readonly text: string;
}

/** Enough for a train of thought; more would be sent for long after anybody remembers. */
export const MAX_QUEUED = 10;

export function readQueue(conversationId: string): readonly Queued[] {
  try {
    const parsed: unknown = JSON.parse(recall("session", `queue.${conversationId}`) ?? "[]");
    if (!Array.isArray(parsed)) return [];
    return parsed.filter((text): text is string => typeof text === "string").map((text) => ({ id: crypto.randomUUID(), text }));
  } catch {
    return [];
  }
}

export function writeQueue(conversationId: string, queue: readonly Queued[]): void {
  remember("session", `queue.${conversationId}`, queue.length === 0 ? null : JSON.stringify(queue.map(({ text }) => text)));
}
