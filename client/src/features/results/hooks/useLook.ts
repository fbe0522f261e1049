import { type RefObject, useEffect, useState } from "react";
import { theme } from "@/shared/lib/theme";
import type { Look } from "../model/vegaSpec";

const SERIES = 6;

/** The page's colours as they are in the theme of the moment, for what draws without style sheets. */
export function useLook(box: RefObject<HTMLElement | null>): Look | null {
  const [look, setLook] = useState<Look | null>(null);
  // Only the browser knows what a token is in this theme.
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const read = (): void => setLook(lookOf(element));
    read();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", read);
    const leave = theme.subscribe(read);
    return () => {
      dark.removeEventListener("change", read);
      leave();
    };
  }, [box]);
  return look;
}

function lookOf(element: HTMLElement): Look {
  const probe = document.createElement("span");
  element.append(probe);
  const colour = (token: string): string => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  const look = {
    ink: colour("--ink"),
    soft: colour("--ink-soft"),
    line: colour("--line"),
    ground: colour("--surface"),
    palette: Array.from({ length: SERIES }, (_, at) => colour(`--chart-${at + 1}`)),
    font: getComputedStyle(element).fontFamily,
  };
  probe.remove();
  return look;
}
