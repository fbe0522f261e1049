import { type RefObject, useEffect, useMemo, useState } from "react";
import { fittingPins } from "../model/pins";
import { observeSize } from "./observeSize";
import type { Drawn } from "./useColumns";

/** The columns with as many of their pins as the grid has room for now. */
export function usePins(box: RefObject<HTMLElement | null>, layout: readonly Drawn[], numberWidth: number): readonly Drawn[] {
  const [width, setWidth] = useState<number | null>(null);
  useEffect(() => {
    const element = box.current;
    return element === null ? undefined : observeSize(element, () => setWidth(element.clientWidth));
  }, [box]);
  return useMemo(() => (width === null || width === 0 ? layout : fittingPins(layout, width - numberWidth)), [layout, width, numberWidth]);
}
