import { useEffect, useRef } from "react";
import { type ShortcutId, matchShortcut } from "../shortcuts";

type Handlers = Partial<Record<ShortcutId, () => void>>;

/** Listens for the page's shortcuts; those without a handler stay the browser's. */
export function useShortcuts(handlers: Handlers): void {
  const current = useRef(handlers);
  // Keeps the newest handlers for the one listener below.
  useEffect(() => {
    current.current = handlers;
  });
  // Follows the keyboard.
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const id = matchShortcut(event);
      const handler = id === null ? undefined : current.current[id];
      // An open dialog keeps the keyboard to itself.
      if (handler === undefined || document.querySelector("[role=dialog]:not([data-radix-popper-content-wrapper] *)") !== null) return;
      event.preventDefault();
      handler();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
}
