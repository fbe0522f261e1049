import { type MouseEvent, createContext } from "react";

/** How Markdown opens a file of the project, given by whoever shows it. */
export interface FileLinksValue {
  href: (path: string) => string;
  open: (event: MouseEvent, path: string) => void;
}

export const FileLinks = createContext<FileLinksValue | null>(null);
