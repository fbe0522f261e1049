import { useMemo, useSyncExternalStore } from "react";
import { type Route, parseRoute } from "./links";

const CHANGED = "bricklayer:navigated";

let navigated = false;

/** Whether what is shown was reached inside the app, and not opened as such. */
export function hasNavigated(): boolean {
  return navigated;
}

/** Moves to an address inside the app without loading the page again. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (to === `${location.pathname}${location.search}`) return;
  if (options.replace === true) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  window.dispatchEvent(new Event(CHANGED));
}

function subscribe(listener: () => void): () => void {
  const heard = (): void => {
    navigated = true;
    listener();
  };
  window.addEventListener("popstate", heard);
  window.addEventListener(CHANGED, heard);
  return () => {
    window.removeEventListener("popstate", heard);
    window.removeEventListener(CHANGED, heard);
  };
}

export function useRoute(): Route {
  const address = useSyncExternalStore(subscribe, () => `${location.pathname}${location.search}`);
  return useMemo(() => {
    const url = new URL(address, location.origin);
    return parseRoute(url.pathname, url.search);
  }, [address]);
}
