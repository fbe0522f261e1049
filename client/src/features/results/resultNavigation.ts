import { type MouseEvent, createContext, use } from "react";
import type { ResultPlace } from "@/shared/lib/links";

/** How a result is opened beside what is read, given by the page. */
export interface ResultNavigationValue {
  href: (place: ResultPlace) => string;
  /** Of a link that was pressed; a press for a new tab is the browser's. */
  follow: (event: MouseEvent, place: ResultPlace) => void;
  open: (place: ResultPlace) => void;
  /** The panel's code is wanted soon. */
  prepare: () => void;
}

export const ResultNavigation = createContext<ResultNavigationValue | null>(null);

export function useResultNavigation(): ResultNavigationValue {
  const navigation = use(ResultNavigation);
  if (navigation === null) throw new Error("ResultNavigation is missing above this component");
  return navigation;
}
