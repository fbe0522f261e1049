import { type RefObject, useEffect, useState } from "react";

/** Rows drawn above and below what is visible, so that fast scrolling shows no gaps. */
const OVERSCAN = 12;

/** Which rows of a scrolling box are worth drawing, when all rows have one height. */
export function useWindow(box: RefObject<HTMLElement | null>, count: number, rowHeight: number): { start: number; end: number } {
  const [view, setView] = useState({ top: 0, height: 480 });
  // Follows the box's scroll position and size.
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
    measure();
    element.addEventListener("scroll", measure, { passive: true });
    const observer = typeof ResizeObserver === "undefined" ? null : new ResizeObserver(measure);
    observer?.observe(element);
    return () => {
      element.removeEventListener("scroll", measure);
      observer?.disconnect();
    };
  }, [box]);
  const start = Math.max(0, Math.floor(view.top / rowHeight) - OVERSCAN);
  const end = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + OVERSCAN);
  return { start: Math.min(start, Math.max(0, end - 1)), end };
}
