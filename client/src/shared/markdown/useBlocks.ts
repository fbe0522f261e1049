import { useEffect, useState } from "react";
import { repairTail } from "./repair";
import { BlockSplitter, type Split, fencedCode } from "./split";

/** Text that streams in is drawn at most this often, and less often the longer its unfinished block is. */
const DRAW_EVERY_MS = 100;
const MORE_MS_PER_CHARACTER = 1 / 100;
const DRAW_AT_LEAST_EVERY_MS = 1_500;

/** The blocks of a text that may still be growing; finished ones are the same strings from one time to the next. */
export function useBlocks(text: string, streaming: boolean): Split {
  const [splitter] = useState(() => new BlockSplitter());
  const shown = useSometimes(text, streaming, splitter);
  const { blocks, notes } = splitter.split(shown);
  const last = blocks.at(-1);
  if (!streaming || last === undefined || fencedCode(last) !== null) return { blocks, notes };
  return { blocks: [...blocks.slice(0, -1), repairTail(last)], notes };
}

/** The value, at once when it is complete, else now and then. */
function useSometimes(text: string, streaming: boolean, splitter: BlockSplitter): string {
  const [shown, setShown] = useState(text);
  const [drawnAt, setDrawnAt] = useState(0);
  // Time passes outside.
  useEffect(() => {
    if (!streaming || text === shown) return;
    const wait = Math.min(DRAW_AT_LEAST_EVERY_MS, DRAW_EVERY_MS + splitter.tailLength * MORE_MS_PER_CHARACTER);
    const timer = setTimeout(
      () => {
        setShown(text);
        setDrawnAt(Date.now());
      },
      Math.max(0, drawnAt + wait - Date.now()),
    );
    return () => clearTimeout(timer);
  }, [text, shown, streaming, drawnAt, splitter]);
  return streaming ? shown : text;
}
