import { useEffect } from "react";
import { plainName } from "./plainSight";

let name = "";
let count = 0;

/** The window's title. Before it, in parentheses, how many conversations wait for somebody. */
export function useDocumentTitle(title: string): void {
  // The tab's title lives outside the tree.
  useEffect(() => {
    name = plainName(title);
    write();
  }, [title]);
}

export function setTitleCount(waiting: number): void {
  count = waiting;
  write();
}

function write(): void {
  const title = name === "" ? "Bricklayer" : `${name} · Bricklayer`;
  document.title = count === 0 ? title : `(${count}) ${title}`;
}
