/** What is known of one column, of the rows that the other columns' filters let through. */
import { queryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { components } from "@/api/schema";
import { type Cell, asCell } from "../model/cells";
import type { Condition } from "../model/view";

const HISTOGRAM_BINS = 24;

function columnPath(id: string, column: number, what: string, members: Record<string, string>, filter: Condition | null): string {
  const query = new URLSearchParams({ ...members, ...(filter !== null && { filter: JSON.stringify(filter) }) });
  return `/api/results/${encodeURIComponent(id)}/columns/${column}/${what}?${query}`;
}

export const summaryQuery = (id: string, column: number, filter: Condition | null) =>
  queryOptions({
    queryKey: [...keys.resultColumn(id, column), "summary", filter],
    queryFn: ({ signal }) => json<components["schemas"]["ColumnSummary"]>(columnPath(id, column, "summary", {}, filter), { signal }),
    staleTime: Infinity,
  });

export interface Distinct {
  readonly values: readonly { readonly value: Cell; readonly count: number }[];
  readonly distinct: number;
  readonly complete: boolean;
}

export const distinctQuery = (id: string, column: number, search: string, filter: Condition | null) =>
  queryOptions({
    queryKey: [...keys.resultColumn(id, column), "distinct", search, filter],
    queryFn: async ({ signal }): Promise<Distinct> => {
      const members = { limit: "100", ...(search !== "" && { search }) };
      const answer = await json<Distinct>(columnPath(id, column, "distinct", members, filter), { signal });
      return { ...answer, values: answer.values.map(({ value, count }) => ({ value: asCell(value), count })) };
    },
    staleTime: Infinity,
  });

export interface Histogram {
  readonly bins: readonly { readonly from: string | number; readonly to: string | number; readonly count: number }[];
  readonly nulls: number;
  readonly others: number;
}

export const histogramQuery = (id: string, column: number, filter: Condition | null, bins = HISTOGRAM_BINS) =>
  queryOptions({
    queryKey: [...keys.resultColumn(id, column), "histogram", bins, filter],
    queryFn: ({ signal }) => json<Histogram>(columnPath(id, column, "histogram", { bins: String(bins) }, filter), { signal }),
    staleTime: Infinity,
  });
