import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { ResultRows } from "@/api/types";
import { type Cell, asCell } from "../model/cells";
import { type View, viewQuery } from "../model/view";

/** Rows that are asked for together: several views high, and quickly there. */
export const PAGE_ROWS = 200;
/** Pages that are kept; more are forgotten, the oldest first. */
const MAX_PAGES = 60;
/** The host sends fewer rows than asked when they are wide: this often it is asked for the rest of a page. */
const MAX_PARTS = PAGE_ROWS;

export interface Row {
  /** Its place in the whole result. */
  readonly number: number;
  readonly cells: readonly Cell[];
  /** Columns whose cell is only the beginning of the value. */
  readonly cut: readonly number[];
}

export interface Rows {
  readonly rows: readonly Row[];
  /** Rows that the filter lets through. */
  readonly total: number;
}

interface Range {
  readonly offset: number;
  readonly limit: number;
}

/** Reads rows of a view, all of the range that there are. */
export async function readRows(id: string, view: View, { offset, limit }: Range, signal: AbortSignal): Promise<Rows> {
  const rows: Row[] = [];
  let total = 0;
  let next = offset;
  for (let part = 0; part < MAX_PARTS && rows.length < limit; part += 1) {
    const query = new URLSearchParams({ offset: String(next), limit: String(Math.min(limit - rows.length, 1_000)), ...viewQuery(view) });
    const answer = await json<ResultRows>(`/api/results/${encodeURIComponent(id)}/rows?${query}`, { signal });
    total = answer.total;
    rows.push(...rowsOf(answer));
    if (answer.next === null) break;
    next = answer.next;
  }
  return { rows, total };
}

function rowsOf(answer: ResultRows): Row[] {
  return answer.rows.map((cells, place) => ({
    number: answer.row_numbers[place] ?? place,
    cells: cells.map(asCell),
    cut: answer.cut.flatMap(({ row, column }) => (row === place ? [column] : [])),
  }));
}

export const rowsQuery = (id: string, generation: string, view: View, page: number, enabled = true) =>
  queryOptions({
    queryKey: [...keys.resultRows(id), generation, viewQuery(view), page],
    queryFn: ({ signal, client }) => {
      forgetOldPages(client, id);
      return readRows(id, view, { offset: page * PAGE_ROWS, limit: PAGE_ROWS }, signal);
    },
    enabled,
    staleTime: Infinity,
    // Cells are compared by whoever draws them; a page is never half the same.
    structuralSharing: false,
  });

/** Forgets the pages that were left longest ago. */
function forgetOldPages(client: QueryClient, id: string): void {
  const pages = client.getQueryCache().findAll({ queryKey: keys.resultRows(id), type: "inactive" });
  const tooMany = pages.length - MAX_PAGES;
  if (tooMany <= 0) return;
  for (const page of pages.toSorted((a, b) => a.state.dataUpdatedAt - b.state.dataUpdatedAt).slice(0, tooMany)) {
    client.removeQueries({ queryKey: page.queryKey, exact: true });
  }
}
