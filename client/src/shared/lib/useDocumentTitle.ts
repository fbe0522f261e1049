import { useEffect } from "react";

export function useDocumentTitle(title: string): void {
  // The tab's title lives outside the tree.
  useEffect(() => {
    document.title = title === "" ? "Bricklayer" : `${title} · Bricklayer`;
  }, [title]);
}
