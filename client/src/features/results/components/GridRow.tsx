import { type ReactNode, memo } from "react";
import type { ResultColumn } from "@/api/types";
import { cx } from "@/shared/lib/cx";
import { formatCount } from "@/shared/lib/format";
import type { Row } from "../api/rows";
import type { Drawn } from "../hooks/useColumns";
import { type Cell, formatCell, isNumber } from "../model/cells";
import styles from "./DataGrid.module.css";

interface GridRowProps {
  /** Of the whole grid; ids of cells begin with it. */
  gridId: string;
  index: number;
  top: number;
  /** `undefined`: on its way. */
  row: Row | undefined;
  columns: readonly ResultColumn[];
  drawn: readonly Drawn[];
  /** Places on the screen, by the column's place in the result. */
  order: ReadonlyMap<number, number>;
  numberWidth: number;
  width: number;
  /** Places on the screen between which cells are chosen; `null`: none of this row. */
  chosenFrom: number | null;
  chosenTo: number | null;
  active: number | null;
  /** What a link led to. */
  marked: boolean;
  markedColumn: number | null;
}

/** One row of the grid: the cells of the columns that are in view. */
export const GridRow = memo(function GridRow(props: GridRowProps) {
  const { gridId, index, top, row, columns, drawn, order, numberWidth, width, chosenFrom, chosenTo, active, marked, markedColumn } = props;
  return (
    <div role="row" aria-rowindex={index + 2} className={cx(styles.row, marked && styles.marked)} style={{ transform: `translateY(${top}px)`, width }}>
      <div role="rowheader" aria-colindex={1} className={styles.number} style={{ width: numberWidth }}>
        {row === undefined ? "" : formatCount(row.number + 1)}
      </div>
      {drawn.map(({ place, left, width: wide, pinned }) => {
        const column = columns[place];
        const at = order.get(place) ?? 0;
        const isChosen = chosenFrom !== null && chosenTo !== null && at >= chosenFrom && at <= chosenTo;
        return (
          <div
            key={place}
            id={`${gridId}-${index}-${place}`}
            role="gridcell"
            aria-colindex={at + 2}
            aria-selected={isChosen}
            data-row={index}
            data-column={at}
            dir={column !== undefined && isNumber(column) ? undefined : "auto"}
            className={cx(
              styles.cell,
              column !== undefined && isNumber(column) && styles.right,
              pinned && styles.pinned,
              isChosen && styles.chosen,
              active === at && styles.active,
              marked && markedColumn === place && styles.markedCell,
            )}
            style={pinned ? { width: wide, left: numberWidth + left } : { width: wide, transform: `translateX(${numberWidth + left}px)` }}
          >
            {row === undefined ? <span className={styles.pending} /> : drawCell(row.cells[place] ?? null, column)}
          </div>
        );
      })}
    </div>
  );
});

/** Characters of a value that are drawn in its cell; the rest is in its window. */
const MAX_DRAWN_CHARS = 300;

export function drawCell(cell: Cell, column: ResultColumn | undefined): ReactNode {
  if (cell === null) return <span className={styles.none}>NULL</span>;
  if (cell === "") return <span className={styles.none}>empty</span>;
  const text = column === undefined ? String(cell) : formatCell(cell, column);
  const shown = text.length > MAX_DRAWN_CHARS ? `${text.slice(0, MAX_DRAWN_CHARS)}…` : text;
  return shown.replaceAll(/\r\n|[\r\n\u2028\u2029]/g, "⏎");
}
