import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { ResultInfo } from "@/api/types";
import { generationOf } from "../api/result";
import { type Rows, rowsQuery } from "../api/rows";
import { type ColumnFilter, type Sort, type View, viewQuery, wholeTable, withFilter } from "../model/view";
import { widthsOf } from "../model/widths";
import { type Columns, type Drawn, laidOut, useColumns } from "./useColumns";

/** A table as somebody looks at it: what is filtered and sorted at the host, and how its columns lie here. */
export interface Table {
  readonly id: string;
  readonly info: ResultInfo;
  readonly generation: string;
  readonly view: View;
  readonly columns: Columns;
  readonly layout: readonly Drawn[];
  /** Rows that the filter lets through; `null`: not known yet. */
  readonly total: number | null;
  /** Why there are no rows to see. */
  readonly error: Error | null;
  readonly retry: () => void;
  readonly setSorts: (sorts: readonly Sort[]) => void;
  readonly setFilter: (place: number, filter: ColumnFilter | null) => void;
  readonly showAll: () => void;
  /** `null`: as wide as the values need. */
  readonly resize: (place: number, width: number | null) => void;
  /** The members of a query for what is looked at, as files and copies have it. */
  readonly shownColumns: readonly number[];
}

export function useTableView(info: ResultInfo): Table {
  const [view, setView] = useState<View>(wholeTable);
  const generation = generationOf(info);
  const first = useQuery({ ...rowsQuery(info.id, generation, view, 0), placeholderData: keepPreviousData });
  const widths = useFirst(first.data, (data) => widthsOf(info.columns, data?.rows ?? []));
  const columns = useColumns(info.columns, widths);
  const layout = laidOut(columns);
  // Equal layouts are one, so that rows that nothing happened to are not drawn again.
  const said = JSON.stringify(layout);
  const steady = useMemo(() => JSON.parse(said) as readonly Drawn[], [said]);
  const isWhole = view.filters.size === 0;
  return {
    id: info.id,
    info,
    generation,
    view,
    columns,
    layout: steady,
    total: isWhole ? info.rows : first.isPlaceholderData ? null : (first.data?.total ?? null),
    error: first.error,
    retry: () => void first.refetch(),
    setSorts: (sorts) => setView((before) => ({ ...before, sorts })),
    setFilter: (place, filter) => setView((before) => withFilter(before, place, filter)),
    showAll: () => setView(wholeTable),
    resize: (place, width) => {
      if (width === null) columns.getColumn(String(place))?.resetSize();
      else columns.setColumnSizing((sizes) => ({ ...sizes, [String(place)]: width }));
    },
    shownColumns: useMemo(() => steady.map(({ place }) => place), [steady]),
  };
}

/** What is computed from the first answer that came, and stays so: columns do not jump when others come. */
function useFirst(data: Rows | undefined, compute: (data: Rows | undefined) => number[]): readonly number[] {
  const [kept, setKept] = useState<readonly number[] | null>(null);
  const [before] = useState(() => compute(data));
  if (kept === null && data !== undefined) setKept(compute(data));
  return kept ?? before;
}

/** What a file holds: the rows and columns that are looked at, in their order. */
export function downloadQuery(table: Table): Record<string, string> {
  const all = table.info.columns.map((_, place) => place);
  const isAsItCame = table.shownColumns.length === all.length && table.shownColumns.every((place, at) => place === at);
  return { ...viewQuery(table.view), ...(!isAsItCame && { columns: table.shownColumns.join(",") }) };
}
