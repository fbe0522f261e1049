import { useQueries } from "@tanstack/react-query";
import { useState } from "react";
import { PAGE_ROWS, type Row, rowsQuery } from "../api/rows";
import type { View } from "../model/view";

/** Pages that may be asked for while the view still moves: where it goes step by step. */
const NEAR_PAGES = 2;

interface Wanted {
  readonly id: string;
  readonly generation: string;
  readonly view: View;
  readonly first: number;
  readonly last: number;
  /** The view moves: what it passes is not asked for. */
  readonly moving: boolean;
}

export interface RowPages {
  readonly at: (index: number) => Row | undefined;
  readonly error: Error | null;
  readonly retry: () => void;
}

/** The pages of rows that are looked at; those that were passed are given up, and kept for a while when they came. */
export function useRowPages({ id, generation, view, first, last, moving }: Wanted): RowPages {
  const from = Math.floor(Math.max(0, first) / PAGE_ROWS);
  const to = Math.max(from, Math.floor(Math.max(0, last) / PAGE_ROWS));
  const [settled, setSettled] = useState(0);
  const isNear = Math.abs(from - settled) <= NEAR_PAGES;
  if ((!moving || isNear) && settled !== from) setSettled(from);
  const pages = Array.from({ length: to - from + 1 }, (_, place) => from + place);
  const answers = useQueries({
    queries: pages.map((page) => rowsQuery(id, generation, view, page, !moving || isNear)),
  });
  return {
    at: (index) => answers[Math.floor(index / PAGE_ROWS) - from]?.data?.rows[index % PAGE_ROWS],
    error: answers.find(({ error }) => error !== null)?.error ?? null,
    retry: () => {
      for (const answer of answers) if (answer.isError) answer.refetch().catch(() => undefined);
    },
  };
}
