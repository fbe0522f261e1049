/**
 * Connections that stay open are few: over HTTP/1.1 a browser keeps six to a host, for all of its windows together, and
 * a seventh request waits until one of them ends. So windows that nobody looks at hold none, and the others share a few
 * *lines*: who finds none free connects again and again for a moment instead.
 */

export interface Line {
  /** Ends when the connection has to be given up. */
  readonly signal: AbortSignal;
  /** All lines were taken: this one is for a moment only. */
  readonly brief: boolean;
  /** Gives it back. */
  readonly leave: () => void;
}

/** What of six connections all windows together may hold, by what they are for; the rest is for requests. */
const LINES = { turn: 3, changes: 1 } as const;

export type LineKind = keyof typeof LINES;

/** How long a brief line is held: what is new has come by then. */
const BRIEF_MS = 1_500;
/** A short look elsewhere costs no new connection. */
const HIDDEN_AFTER_MS = 1_000;

/** Waits until the window is looked at, and then for a line. `null`: `ended` came first. */
export async function takeLine(kind: LineKind, ended: AbortSignal): Promise<Line | null> {
  await untilVisible(ended);
  if (ended.aborted) return null;
  const free = isMultiplexed() ? nothing : await takeLock(kind);
  const controller = new AbortController();
  const end = (): void => controller.abort();
  const timer = free === null ? setTimeout(end, BRIEF_MS) : undefined;
  const stopWatching = whenHidden(end);
  ended.addEventListener("abort", end, { once: true });
  if (ended.aborted) end();
  return {
    signal: controller.signal,
    brief: free === null,
    leave: () => {
      clearTimeout(timer);
      stopWatching();
      ended.removeEventListener("abort", end);
      free?.();
    },
  };
}

const nothing = (): void => undefined;

/** One connection carries all streams; then there is nothing to share. */
function isMultiplexed(): boolean {
  const [page] = performance.getEntriesByType("navigation") as { nextHopProtocol?: string }[];
  return /^h[23]/.test(page?.nextHopProtocol ?? "");
}

/** A free line's return; `null` when all are taken. Browsers give a closed window's locks back by themselves. */
async function takeLock(kind: LineKind): Promise<(() => void) | null> {
  // Only where the page came over a safe way there are locks.
  if (!("locks" in navigator)) return nothing;
  for (let number = 0; number < LINES[kind]; number += 1) {
    const release = await tryLock(`bricklayer.line.${kind}.${number}`);
    if (release !== null) return release;
  }
  return null;
}

function tryLock(name: string): Promise<(() => void) | null> {
  return new Promise((taken) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (lock === null) return taken(null);
        return new Promise<void>((release) => taken(release));
      })
      .catch(() => taken(nothing));
  });
}

function untilVisible(ended: AbortSignal): Promise<void> {
  return new Promise((visible) => {
    const look = (): void => {
      if (document.visibilityState !== "visible" && !ended.aborted) return;
      document.removeEventListener("visibilitychange", look);
      ended.removeEventListener("abort", look);
      visible();
    };
    document.addEventListener("visibilitychange", look);
    ended.addEventListener("abort", look);
    look();
  });
}

/** Calls back when nobody has looked at the window for a while. */
function whenHidden(hidden: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    clearTimeout(timer);
    if (document.visibilityState === "hidden") timer = setTimeout(hidden, HIDDEN_AFTER_MS);
  };
  document.addEventListener("visibilitychange", look);
  look();
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
}
