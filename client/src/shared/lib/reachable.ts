/** Whether the host answers: told once, in one place, whatever fails because of it. */
import { useSyncExternalStore } from "react";
import { Store } from "./store";

/** One failure is normal life: a laptop that wakes, a network that changes. */
const QUIET_FAILURES = 1;

const failures = new Store(0);

/** An answer came, or none did. */
export function noteAnswer(came: boolean): void {
  failures.update((count) => (came ? 0 : count + 1));
}

export function useReachable(): boolean {
  return useSyncExternalStore(failures.subscribe, () => failures.get() <= QUIET_FAILURES);
}
