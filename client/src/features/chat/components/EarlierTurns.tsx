import { type RefObject, useEffect, useLayoutEffect, useRef } from "react";
import { Button } from "@/shared/ui/Button";
import { Spinner } from "@/shared/ui/Spinner";
import { useChat } from "../chatContext";
import type { SessionState } from "../model/session";
import styles from "./Thread.module.css";

/** How near to the beginning earlier turns are asked for. */
const NEAR = "600px 0px";

/** At the beginning of what is shown: loads what was said before as one scrolls up, and keeps the place. */
export function EarlierTurns({ state, box }: { state: SessionState; box: RefObject<HTMLElement | null> }) {
  const { session } = useChat();
  const { earlier, earlierPhase, view } = state;
  const mark = useRef<HTMLDivElement>(null);
  const firstId = view.turns[0]?.executionId;

  // What is in view is known to the browser only.
  useEffect(() => {
    const element = mark.current;
    if (element === null || earlier === null || earlierPhase !== "idle" || typeof IntersectionObserver === "undefined") return;
    const load = (entries: readonly IntersectionObserverEntry[]): void => {
      if (entries.some((entry) => entry.isIntersecting)) session.loadEarlier().catch(() => undefined);
    };
    const observer = new IntersectionObserver(load, { root: box.current, rootMargin: NEAR });
    observer.observe(element);
    return () => observer.disconnect();
  }, [earlier, earlierPhase, session, box]);

  // What is read stays where it is while turns are put before it: the browser does not do it at the very beginning.
  const fromEnd = useRef(0);
  const shownFirst = useRef(firstId);
  useLayoutEffect(() => {
    const scrolling = box.current;
    if (scrolling === null) return;
    const isPrepended =
      shownFirst.current !== undefined && shownFirst.current !== firstId && view.turns.some((turn) => turn.executionId === shownFirst.current);
    if (isPrepended) scrolling.scrollTo({ top: scrolling.scrollHeight - fromEnd.current, behavior: "instant" });
    shownFirst.current = firstId;
  }, [box, firstId, view.turns]);
  // Measured as long as nothing has changed yet.
  useEffect(() => {
    const scrolling = box.current;
    if (scrolling === null) return;
    const measure = (): void => {
      fromEnd.current = scrolling.scrollHeight - scrolling.scrollTop;
    };
    measure();
    scrolling.addEventListener("scroll", measure, { passive: true });
    return () => scrolling.removeEventListener("scroll", measure);
  });

  if (earlier === null) return null;
  return (
    <div ref={mark} className={styles.earlier} role="status">
      {earlierPhase === "failed" ? (
        <Button size="s" icon="refresh" onClick={() => void session.loadEarlier()}>
          Earlier messages could not be loaded. Try again
        </Button>
      ) : (
        <>
          <Spinner /> Loading earlier messages…
        </>
      )}
    </div>
  );
}
