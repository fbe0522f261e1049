import { useState } from "react";
import { MAX_QUEUED, type Queued, readQueue, writeQueue } from "../model/queue";

export interface Queue {
  readonly waiting: readonly Queued[];
  /** `false`: it is full. */
  add: (text: string) => boolean;
  drop: (id: string) => void;
}

/** The messages of a conversation that wait for the running turn. */
export function useQueue(conversationId: string): Queue {
  const [waiting, setWaiting] = useState(() => readQueue(conversationId));
  const write = (next: readonly Queued[]): void => {
    writeQueue(conversationId, next);
    setWaiting(next);
  };
  return {
    waiting,
    add: (text) => {
      if (waiting.length >= MAX_QUEUED) return false;
      write([...waiting, { id: crypto.randomUUID(), text }]);
      return true;
    },
    drop: (id) => write(waiting.filter((entry) => entry.id !== id)),
  };
}
