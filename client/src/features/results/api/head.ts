import { queryOptions } from "@tanstack/react-query";
import { keys } from "@/api/keys";
import { wholeTable } from "../model/view";
import { readRows } from "./rows";

/** Rows that a preview shows. */
export const HEAD_ROWS = 8;

/** The first rows of a table. */
export const headQuery = (id: string, generation: string) =>
  queryOptions({
    queryKey: [...keys.result(id), "head", generation],
    queryFn: ({ signal }) => readRows(id, wholeTable, { offset: 0, limit: HEAD_ROWS }, signal),
    staleTime: Infinity,
    structuralSharing: false,
  });
