/** How far each conversation was looked at in this browser; all of its windows know it. */
import { useSyncExternalStore } from "react";
import { recall, remember } from "./storage";
import { Store } from "./store";

export type Seen = Readonly<Record<string, number>>;

const KEY = "seen";
/** The oldest looks are forgotten. */
const MAX_SEEN = 500;

const seen = new Store<Seen>(read());

/** The last event of a conversation that was on screen. */
export function markSeen(conversationId: string, lastSeq: number): void {
  const current = read();
  if ((current[conversationId] ?? -1) >= lastSeq) return;
  const others = Object.entries(current).filter(([id]) => id !== conversationId);
  const next = Object.fromEntries([...others.slice(1 - MAX_SEEN), [conversationId, lastSeq]]);
  remember("local", KEY, JSON.stringify(next));
  seen.set(next);
}

export function useSeen(): Seen {
  return useSyncExternalStore(subscribe, seen.get);
}

function subscribe(listener: () => void): () => void {
  const heard = (event: StorageEvent): void => {
    if (event.key?.endsWith(KEY) === true) seen.set(read());
  };
  window.addEventListener("storage", heard);
  const stop = seen.subscribe(listener);
  return () => {
    window.removeEventListener("storage", heard);
    stop();
  };
}

function read(): Seen {
  try {
    const parsed: unknown = JSON.parse(recall("local", KEY) ?? "{}");
    if (typeof parsed !== "object" || parsed === null) return {};
    return Object.fromEntries(Object.entries(parsed).filter((entry): entry is [string, number] => typeof entry[1] === "number"));
  } catch {
    return {};
  }
}
