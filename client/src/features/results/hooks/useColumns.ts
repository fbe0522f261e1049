import {
  type ReactTable,
  columnOrderingFeature,
  columnPinningFeature,
  columnSizingFeature,
  columnVisibilityFeature,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { useMemo } from "react";
import type { ResultColumn } from "@/api/types";

const features = tableFeatures({ columnOrderingFeature, columnPinningFeature, columnSizingFeature, columnVisibilityFeature });

export type Columns = ReactTable<typeof features, Record<string, never>>;

/** What a column may be dragged to. */
export const MIN_COLUMN_PX = 48;
const MAX_COLUMN_PX = 2_000;

/** Rows stay at the host: the table is of columns, which are hidden, ordered, pinned and sized here. */
const noRows: Record<string, never>[] = [];

/** Columns by their places as ids. */
export function useColumns(columns: readonly ResultColumn[], widths: readonly number[]): Columns {
  const definitions = useMemo(
    () =>
      columns.map((column, place) => ({
        id: String(place),
        header: column.name,
        size: widths[place] ?? 160,
        minSize: MIN_COLUMN_PX,
        maxSize: MAX_COLUMN_PX,
      })),
    [columns, widths],
  );
  return useTable({ features, columns: definitions, data: noRows });
}

/** A column as it is drawn. */
export interface Drawn {
  /** Its place in the result. */
  readonly place: number;
  readonly left: number;
  readonly width: number;
  readonly pinned: boolean;
}

/** The columns in the order of the screen, the pinned ones first, with where each begins. */
export function laidOut(table: Columns): readonly Drawn[] {
  let left = 0;
  return table.getVisibleLeafColumns().map((column) => {
    const drawn = { place: Number(column.id), left, width: column.getSize(), pinned: column.getIsPinned() === "start" };
    left += drawn.width;
    return drawn;
  });
}

/** Moves a column to where another one is, or by one place. */
export function moveColumn(table: Columns, place: number, to: "left" | "right" | { before: number }): void {
  const shown = table.getVisibleLeafColumns().map(({ id }) => id);
  const id = String(place);
  const at = shown.indexOf(id);
  const others = shown.filter((each) => each !== id);
  const target = to === "left" ? at - 1 : to === "right" ? at + 1 : others.indexOf(String(to.before));
  if (at === -1 || target < 0 || target > others.length) return;
  others.splice(target, 0, id);
  const hidden = table.getAllLeafColumns().flatMap((column) => (others.includes(column.id) ? [] : [column.id]));
  const pinned = new Set(table.getPinnedLeafColumns("start").map((column) => column.id));
  table.setColumnOrder([...others, ...hidden]);
  table.setColumnPinning((before) => ({ ...before, start: others.filter((each) => pinned.has(each)) }));
}
