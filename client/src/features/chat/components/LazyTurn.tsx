import { type RefObject, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { TurnVersion } from "../model/versions";
import type { TurnView } from "../model/view";
import { Turn } from "./Turn";
import styles from "./Turn.module.css";

/** How far out of sight turns are drawn, so that scrolling meets them ready. */
const NEAR = "150% 0%";

interface LazyTurnProps {
  turn: TurnView;
  /** What else was said in its place, itself among it. */
  versions: readonly TurnVersion[] | undefined;
  stopping: boolean;
  /** The box that scrolls. */
  box: RefObject<HTMLElement | null>;
  /** Never left out. */
  always: boolean;
}

/** A turn that is only drawn near what is in view; elsewhere its place is kept, as high as it was. */
export function LazyTurn({ turn, versions, stopping, box, always }: LazyTurnProps) {
  const place = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState<number | null>(null);
  const [near, setNear] = useState(() => typeof IntersectionObserver === "undefined");
  const drawn = always || near;

  // What is near is known to the browser only.
  useEffect(() => {
    const element = place.current;
    if (always || element === null || typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver(
      (entries) => {
        const entry = entries.at(-1);
        if (entry === undefined) return;
        if (!entry.isIntersecting && entry.boundingClientRect.height > 0) setHeight(entry.boundingClientRect.height);
        setNear(entry.isIntersecting);
      },
      { root: box.current, rootMargin: NEAR },
    );
    observer.observe(element);
    // On paper everything is near.
    const draw = (): void => flushSync(() => setNear(true));
    window.addEventListener("beforeprint", draw);
    return () => {
      observer.disconnect();
      window.removeEventListener("beforeprint", draw);
    };
  }, [always, box]);

  return (
    <div ref={place} className={styles.place} {...(!drawn && { style: { height: height ?? estimatedHeight(turn) } })}>
      {drawn ? (
        <Turn turn={turn} versions={versions} stopping={stopping} />
      ) : (
        <article className={styles.undrawn} aria-label={`You asked: ${turn.message.slice(0, 80)}`} />
      )}
    </div>
  );
}

const CHARACTERS_PER_LINE = 90;
const LINE_PX = 25;
const CARD_PX = 44;
const FRAME_PX = 110;

/** About as high as it will be: what was never drawn cannot be measured. */
function estimatedHeight({ message, items }: TurnView): number {
  const heights = items.map((item) => (item.kind === "tool" ? CARD_PX : item.kind === "text" ? lines(item.text) * LINE_PX : LINE_PX));
  return FRAME_PX + lines(message) * LINE_PX + heights.reduce((sum, height) => sum + height, 0);
}

function lines(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_LINE) + (text.match(/\n/g)?.length ?? 0);
}
