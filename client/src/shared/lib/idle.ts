/** Longest that work waits for an idle moment. */
const LATEST_MS = 2_000;

/** Does something once the page has nothing else to do; what it gives back forgets it. */
export function whenIdle(work: () => void): () => void {
  // Safari has no such moments.
  if (typeof requestIdleCallback === "undefined") {
    const timer = setTimeout(work, LATEST_MS);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(work, { timeout: LATEST_MS });
  return () => cancelIdleCallback(handle);
}
