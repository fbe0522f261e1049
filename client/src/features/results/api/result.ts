import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import { keys } from "@/api/keys";
import type { ResultInfo } from "@/api/types";
import { wholeTable } from "../model/view";
import { rowsQuery } from "./rows";

/** A result that is being written grows; one that ended never changes. */
const REFRESH_OPEN_MS = 1_000;

export const resultPath = (id: string): string => `/api/results/${encodeURIComponent(id)}`;

export const resultQuery = (id: string) =>
  queryOptions({
    queryKey: keys.result(id),
    queryFn: ({ signal }) => json<ResultInfo>(resultPath(id), { signal }),
    staleTime: ({ state }) => (state.data?.state === "open" ? 0 : Infinity),
    refetchInterval: ({ state }) => (state.data?.state === "open" ? REFRESH_OPEN_MS : false),
  });

/** What a table is drawn from at first, asked for before its panel is there. */
export function prefetchResult(client: QueryClient, id: string): void {
  client.prefetchQuery(resultQuery(id)).catch(() => undefined);
  client.prefetchQuery(rowsQuery(id, ENDED, wholeTable, 0)).catch(() => undefined);
}

/** Which state of a result its rows are of: those of one that is being written come again when there are more. */
const ENDED = "ended";
export const generationOf = ({ state, rows }: Pick<ResultInfo, "state" | "rows">): string => (state === "open" ? `open at ${rows}` : ENDED);
