import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect, useMemo } from "react";
import { observeSize } from "./observeSize";
import type { Drawn } from "./useColumns";

const OVERSCAN = 3;

interface Sideways {
  readonly box: RefObject<HTMLElement | null>;
  readonly columns: readonly Drawn[];
  /** Of the rows' numbers, which stay. */
  readonly numberWidth: number;
}

/** The columns that are worth drawing: the pinned ones, which stay, and those of the others that are in view. */
export function useDrawnColumns({ box, columns, numberWidth }: Sideways): readonly Drawn[] {
  const pinned = useMemo(() => columns.filter((column) => column.pinned), [columns]);
  const others = useMemo(() => columns.filter((column) => !column.pinned), [columns]);
  const staying = numberWidth + pinned.reduce((sum, { width }) => sum + width, 0);
  const virtual = useVirtualizer<HTMLElement, Element>({
    horizontal: true,
    count: others.length,
    getScrollElement: () => box.current,
    estimateSize: (index) => others[index]?.width ?? 0,
    overscan: OVERSCAN,
    initialRect: { width: 1_200, height: 0 },
    observeElementRect: (_, tell) => {
      const element = box.current;
      if (element === null) return undefined;
      return observeSize(element, () => tell({ width: Math.max(1, element.clientWidth - staying), height: element.clientHeight }));
    },
    scrollToFn: () => undefined,
  });
  // It keeps what it measured until it is told.
  useEffect(() => virtual.measure(), [virtual, others]);
  const items = virtual.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? -1];
  return useMemo(() => [...pinned, ...others.slice(first, last + 1)], [pinned, others, first, last]);
}
