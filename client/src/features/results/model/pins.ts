import type { Drawn } from "../hooks/useColumns";

/** Of the room beside the rows' numbers, what pinned columns may take: the others are read beside them. */
const MAX_SHARE = 0.5;

/** The columns, of which only so many stay pinned as leave room for the others: the first ones. */
export function fittingPins(layout: readonly Drawn[], room: number): readonly Drawn[] {
  const fits = ({ left, width }: Drawn): boolean => left + width <= room * MAX_SHARE;
  return layout.every((column) => !column.pinned || fits(column)) ? layout : layout.map((column) => ({ ...column, pinned: column.pinned && fits(column) }));
}
