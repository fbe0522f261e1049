import { Store } from "@/shared/lib/store";

export interface Toast {
  id: number;
  text: string;
}

const LIFETIME_MS = 3_200;
let nextId = 1;

/** Short-lived confirmations ("Copied"). Never the only place where an error is said. */
export const toasts = new Store<readonly Toast[]>([]);

export function toast(text: string): void {
  const entry = { id: nextId, text };
  nextId += 1;
  toasts.update((list) => [...list.slice(-2), entry]);
  setTimeout(() => toasts.update((list) => list.filter((other) => other.id !== entry.id)), LIFETIME_MS);
}
