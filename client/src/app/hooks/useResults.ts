import { useEffect, useMemo, useState } from "react";
import type { ResultNavigationValue } from "@/features/results/resultNavigation";
import { whenIdle } from "@/shared/lib/idle";
import { type ResultPlace, links } from "@/shared/lib/links";
import { navigate } from "@/shared/lib/navigation";
import { resultPanel } from "../components/ResultAside";

interface Results {
  readonly navigation: ResultNavigationValue;
  /** The panel covers the window. */
  readonly full: boolean;
  readonly setFull: (full: boolean) => void;
}

/** Results open beside the page `here`, at an address of their own. */
export function useResults(here: string): Results {
  const [full, setFull] = useState(false);
  // A card's button and an answer's link open it, and neither should wait for code.
  useEffect(() => whenIdle(resultPanel.fetch), []);
  const navigation = useMemo((): ResultNavigationValue => {
    const go = (place: ResultPlace): void => {
      navigate(links.withResult(here, place));
      focusPanel();
    };
    return {
      href: (place) => links.withResult(here, place),
      follow: (event, place) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        go(place);
      },
      open: go,
      prepare: resultPanel.fetch,
    };
  }, [here]);
  return { navigation, full, setFull };
}

/** By keyboard one goes where one looks. */
function focusPanel(): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>("[data-result]")?.focus({ preventScroll: true }));
}
