/** Numbers of a text that claim something, and what is known of them. */
import { createContext } from "react";
import { recall, remember } from "@/shared/lib/storage";
import { Store } from "@/shared/lib/store";

/** Where a number was found; `null`: nowhere. */
export type NumberFind = { readonly result: string; readonly row: number; readonly column: number } | { readonly source: string } | null;

/** By the number as it is written; `null` where nobody looked. */
export const NumberFinds = createContext<ReadonlyMap<string, NumberFind> | null>(null);

/** Whether numbers are looked for in results; one choice for all, kept for the next visit. */
export const marksNumbers = new Store(recall("local", "mark-numbers") !== "off");

export function setMarksNumbers(on: boolean): void {
  remember("local", "mark-numbers", on ? null : "off");
  marksNumbers.set(on);
}

/** With separators of thousands or without, with a sign or a percent; not a part of a word, a date, a time or a version. */
const number = /(?<![\p{L}\p{N}_.,:/#–-])[-−]?(?:\d{1,3}(?:[,\u2009\u202f\u00a0 ]\d{3})+|\d+)(?:\.\d+)?(?:\s?%)?(?![\p{L}\p{N}_]|[.,:/–-]\d)/gu;
const months = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*";
const named = new RegExp(`(?:\\b${months}\\.?\\s|\\b(?:step|figure|fig\\.|table|section|chapter|page|top|option|part|phase|version|no\\.)\\s)$`, "i");
const followed = new RegExp(`^(?:st|nd|rd|th)?\\s${months}\\b`, "i");
/** A host looks for no longer ones. */
const MAX_CHARS = 64;

export interface Found {
  readonly text: string;
  readonly index: number;
}

/** The numbers of a text without markup. */
export function numbersOf(text: string): Found[] {
  return [...text.matchAll(number)].flatMap(({ 0: found, index }) => {
    const isYear = /^(?:19|20)\d\d$/.test(found);
    const isName = named.test(text.slice(Math.max(0, index - 16), index)) || followed.test(text.slice(index + found.length, index + found.length + 16));
    return isYear || isName || found.length > MAX_CHARS ? [] : [{ text: found, index }];
  });
}

/** As many are asked about at once. */
const MAX_NUMBERS = 500;

/** The numbers of a Markdown text, each once, outside of code, addresses and the numbers of lists. */
export function numbersInMarkdown(markdown: string): string[] {
  const prose = markdown
    .replaceAll(/^(`{3,}|~{3,})[\s\S]*?(?:^\1|(?![\s\S]))/gm, " ")
    .replaceAll(/`[^`\n]*`/g, " code ")
    .replaceAll(/\]\([^)\n]*\)/g, "]")
    .replaceAll(/https?:\/\/\S+/g, " ")
    .replaceAll(/^\s*\d+[.)]\s/gm, "")
    .replaceAll(/[*_~|[\]]+/g, (marks) => (marks.includes("|") ? " | " : ""));
  return [...new Set(prose.split("\n").flatMap((line) => line.split("|").flatMap((part) => numbersOf(part).map(({ text }) => text))))].slice(0, MAX_NUMBERS);
}
