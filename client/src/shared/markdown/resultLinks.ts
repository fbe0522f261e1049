import { type ReactNode, createContext } from "react";
import type { ResultPlace } from "@/shared/lib/links";

/** How Markdown draws a mention of a result, given by whoever shows it. */
export const ResultLinks = createContext<((place: ResultPlace, children: ReactNode) => ReactNode) | null>(null);

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** `result:ID`, `result:ID/ROW`, `result:ID/ROW/COLUMN`; `null`: it names no place of a result. */
export function readResultLink(href: string): ResultPlace | null {
  const [id = "", row, column, more] = href.slice(RESULT_SCHEME.length).split("/");
  if (!uuid.test(id) || more !== undefined) return null;
  if (row === undefined) return { id, row: null, column: null };
  if (!/^\d{1,15}$/.test(row)) return null;
  try {
    return { id, row: Number(row), column: column === undefined || column === "" ? null : decodeURIComponent(column) };
  } catch {
    return null;
  }
}

/** More are not looked through for numbers. */
const MAX_CITED = 32;

/** The results that a text points to. */
export function resultsIn(markdown: string): string[] {
  const found = [...markdown.matchAll(/\]\((result:[^)\s]+)\)/g)].flatMap(([, href]) => readResultLink(href ?? "")?.id ?? []);
  return [...new Set(found)].slice(0, MAX_CITED);
}

export const RESULT_SCHEME = "result:";
