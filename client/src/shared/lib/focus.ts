import { type RefObject, useEffect, useRef } from "react";

/** Whether nothing has the focus: the browser drops it with whatever had it. */
function nowhere(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}

/** Gives a lost focus to the page's heading, so that the next key begins there and not at the top of the window. */
export function focusHeading(): void {
  if (!nowhere()) return;
  const heading = document.querySelector<HTMLElement>("main h1");
  if (heading === null) return;
  if (!heading.hasAttribute("tabindex")) heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** Who pressed a button that goes away with what it decided finds the focus at the page's heading, and not nowhere. */
export function useDeparture(): void {
  // The browser drops the focus of what leaves the page.
  useEffect(() => () => void requestAnimationFrame(focusHeading), []);
}

/** Who follows a link inside the app loses the focus with the link: it goes to the heading of what appeared. */
export function useArrival<T extends HTMLElement>(): RefObject<T | null> {
  const ref = useRef<T>(null);
  // The browser moves the focus with a page; inside one page nobody does.
  useEffect(() => {
    if (nowhere()) ref.current?.focus({ preventScroll: true });
  }, []);
  return ref;
}
