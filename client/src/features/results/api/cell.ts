import { queryOptions } from "@tanstack/react-query";
import { send } from "@/api/http";

/** Longer values are downloaded and not shown. */
const MAX_SHOWN_BYTES = 2_000_000;

export interface WholeCell {
  readonly text: string;
  readonly tooLong: boolean;
}

export const cellPath = (id: string, row: number, column: number): string => `/api/results/${encodeURIComponent(id)}/cells/${row}/${column}`;

/** A value that the table shows the beginning of. */
export const cellQuery = (id: string, row: number, column: number) =>
  queryOptions({
    queryKey: ["results", id, "cells", row, column],
    queryFn: async ({ signal }): Promise<WholeCell> => {
      const text = await (await send(cellPath(id, row, column), { signal })).text();
      return { text: text.slice(0, MAX_SHOWN_BYTES), tooLong: text.length > MAX_SHOWN_BYTES };
    },
    staleTime: Infinity,
    gcTime: 60_000,
  });
