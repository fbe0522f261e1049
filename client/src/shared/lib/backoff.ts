/** Waits between attempts to connect: quick at first, then patient, never longer than a person would wait. */
const FIRST_MS = 300;
const LONGEST_MS = 10_000;

/** @param attempt failed attempts in a row, from 1. @param random in [0, 1), spreads clients that were cut together. */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 10));
  return Math.round(full * (0.5 + random / 2));
}
