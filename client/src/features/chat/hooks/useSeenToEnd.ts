import { type RefObject, useEffect, useState } from "react";

/** Whether the end of a scrolling box was in view since the box was `complete`. Once seen is seen. */
export function useSeenToEnd(box: RefObject<HTMLElement | null>, end: RefObject<HTMLElement | null>, complete: boolean): boolean {
  const [seen, setSeen] = useState(() => typeof IntersectionObserver === "undefined");
  // What is in view is known to the browser only.
  useEffect(() => {
    if (!complete || seen || end.current === null) return;
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && setSeen(true), { root: box.current });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [box, end, complete, seen]);
  return complete && seen;
}
