import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect, useRef, useState } from "react";
import { ScaledScroll, boxHeightOf } from "../model/scaledScroll";
import { observeSize } from "./observeSize";

interface Lines {
  readonly box: RefObject<HTMLElement | null>;
  readonly count: number;
  readonly rowHeight: number;
  /** What stands over the rows and stays there. */
  readonly headerHeight: number;
}

export interface ScaledVirtual {
  readonly indices: readonly number[];
  readonly moving: boolean;
  /** How high the rows' box is drawn. */
  readonly height: number;
  /** Where a row is drawn in it. */
  readonly topOf: (index: number) => number;
  /** Scrolls just far enough, or so that the row stands in the middle. */
  readonly show: (index: number, where: "nearest" | "middle") => void;
}

/** How long nothing may move for a view to be at rest. */
const REST_MS = 90;
const OVERSCAN = 8;

/** The rows of a box that are worth drawing, of any number of rows. */
export function useScaledVirtual({ box, count, rowHeight, headerHeight }: Lines): ScaledVirtual {
  const [scroll] = useState(() => new ScaledScroll());
  const tellOffset = useRef<((top: number, moving: boolean) => void) | null>(null);
  const height = count * rowHeight;
  const heightNow = useRef(height);
  const view = (): number => Math.max(rowHeight, (box.current?.clientHeight ?? 0) - headerHeight);

  const virtual = useVirtualizer<HTMLElement, Element>({
    count,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: OVERSCAN,
    initialRect: { width: 0, height: 600 },
    isScrollingResetDelay: REST_MS,
    observeElementRect: (_, tell) => {
      const element = box.current;
      if (element === null) return undefined;
      return observeSize(element, () => {
        scroll.resize(heightNow.current, view());
        tell({ width: element.clientWidth, height: view() });
      });
    },
    observeElementOffset: (_, tell) => {
      const element = box.current;
      if (element === null) return undefined;
      tellOffset.current = tell;
      let rest: ReturnType<typeof setTimeout> | undefined;
      const moved = (): void => {
        scroll.scrolled(element.scrollTop);
        clearTimeout(rest);
        rest = setTimeout(() => tell(scroll.top, false), REST_MS);
        tell(scroll.top, true);
      };
      scroll.scrolled(element.scrollTop);
      tell(scroll.top, false);
      element.addEventListener("scroll", moved, { passive: true });
      return () => {
        clearTimeout(rest);
        element.removeEventListener("scroll", moved);
      };
    },
    // Who scrolls does it here, in the box's own measure.
    scrollToFn: () => undefined,
  });

  // The box has its new height only now.
  useEffect(() => {
    heightNow.current = height;
    scroll.resize(height, Math.max(rowHeight, (box.current?.clientHeight ?? 0) - headerHeight));
    if (box.current !== null) scroll.scrolled(box.current.scrollTop);
    tellOffset.current?.(scroll.top, false);
  }, [box, scroll, height, rowHeight, headerHeight]);

  const show = (index: number, where: "nearest" | "middle"): void => {
    const element = box.current;
    if (element === null) return;
    const seen = view();
    const top = index * rowHeight;
    let to = scroll.top;
    if (where === "middle") to = top - (seen - rowHeight) / 2;
    else if (top < scroll.top) to = top;
    else if (top + rowHeight > scroll.top + seen) to = top + rowHeight - seen;
    if (to === scroll.top) return;
    scroll.resize(heightNow.current, seen);
    element.scrollTop = scroll.scrollTo(to);
    // Nothing is told by the browser when the box stands there already.
    tellOffset.current?.(scroll.top, false);
  };

  return {
    indices: virtual.getVirtualItems().map(({ index }) => index),
    moving: virtual.isScrolling,
    height: boxHeightOf(height),
    topOf: (index) => index * rowHeight + scroll.shift,
    show,
  };
}
