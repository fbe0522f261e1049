import { type RefObject, useEffect, useRef } from "react";

/** Who pressed a button that goes away with what it decided finds the focus at the page's heading, and not nowhere. */
export function useDeparture(): void {
  // The browser drops the focus of what leaves the page.
  useEffect(
    () => () => {
      requestAnimationFrame(() => {
        if (document.activeElement === null || document.activeElement === document.body) document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
      });
    },
    [],
  );
}

/** Who follows a link inside the app loses the focus with the link: it goes to the heading of what appeared. */
export function useArrival<T extends HTMLElement>(): RefObject<T | null> {
  const ref = useRef<T>(null);
  // The browser moves the focus with a page; inside one page nobody does.
  useEffect(() => {
    if (document.activeElement === null || document.activeElement === document.body) ref.current?.focus({ preventScroll: true });
  }, []);
  return ref;
}
