import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

/** How near to the end still counts as being there. */
const NEAR_PX = 48;

/** Keeps a scrolling box at its end while its content grows, unless the reader scrolled up. */
export function useStickToBottom(box: RefObject<HTMLElement | null>, content: RefObject<HTMLElement | null>) {
  const pinned = useRef(true);
  const [atEnd, setAtEnd] = useState(true);

  const toEnd = useCallback(
    (smooth = false) => {
      pinned.current = true;
      setAtEnd(true);
      box.current?.scrollTo({ top: box.current.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    },
    [box],
  );

  // Follows the box's scroll position and its content's height.
  useEffect(() => {
    const [outer, inner] = [box.current, content.current];
    if (outer === null || inner === null) return;
    let last = outer.scrollTop;
    const onScroll = (): void => {
      const near = outer.scrollHeight - outer.scrollTop - outer.clientHeight < NEAR_PX;
      // Only the reader's own move upwards lets go; growing content also moves the end away.
      if (near) pinned.current = true;
      else if (outer.scrollTop < last - 2) pinned.current = false;
      last = outer.scrollTop;
      setAtEnd(near || pinned.current);
    };
    const follow = (): void => {
      if (pinned.current) outer.scrollTop = outer.scrollHeight;
    };
    outer.addEventListener("scroll", onScroll, { passive: true });
    const observer = typeof ResizeObserver === "undefined" ? null : new ResizeObserver(follow);
    observer?.observe(inner);
    observer?.observe(outer);
    follow();
    return () => {
      outer.removeEventListener("scroll", onScroll);
      observer?.disconnect();
    };
  }, [box, content]);

  return { atEnd, toEnd };
}
