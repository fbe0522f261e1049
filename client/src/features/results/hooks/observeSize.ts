/** Measures an element now and whenever it changes its size. */
export function observeSize(element: HTMLElement, measure: () => void): () => void {
  measure();
  if (typeof ResizeObserver === "undefined") return () => undefined;
  const observer = new ResizeObserver(measure);
  observer.observe(element);
  return () => observer.disconnect();
}
