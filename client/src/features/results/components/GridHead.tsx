import { type PointerEvent, type ReactNode, useRef } from "react";
import type { ResultColumn } from "@/api/types";
import { cx } from "@/shared/lib/cx";
import { plainName } from "@/shared/lib/plainSight";
import { Icon } from "@/shared/ui/Icon";
import { Name } from "@/shared/ui/Name";
import { type Drawn, MIN_COLUMN_PX } from "../hooks/useColumns";
import { isNumber, typeName } from "../model/cells";
import type { Sort } from "../model/view";
import styles from "./DataGrid.module.css";

interface GridHeadProps {
  gridId: string;
  columns: readonly ResultColumn[];
  drawn: readonly Drawn[];
  order: ReadonlyMap<number, number>;
  sorts: readonly Sort[];
  filtered: ReadonlySet<number>;
  numberWidth: number;
  width: number;
  /** The column whose header has the keyboard. */
  active: number | null;
  onSort: (place: number, more: boolean) => void;
  onResize: (place: number, width: number | null) => void;
  onMove: (place: number, before: number) => void;
  /** The button that opens what can be done with a column. */
  renderMenu: (place: number) => ReactNode;
}

/** The names and types of columns; pressed they sort, dragged they move, and their edges resize. */
export function GridHead({ gridId, columns, drawn, order, sorts, filtered, numberWidth, width, active, onSort, onResize, onMove, renderMenu }: GridHeadProps) {
  return (
    <div role="rowgroup" className={styles.head} style={{ width }}>
      <div role="row" aria-rowindex={1} className={styles.headRow}>
        <div role="columnheader" aria-colindex={1} className={cx(styles.number, styles.corner)} style={{ width: numberWidth }}>
          <span className="visually-hidden">Row</span>
        </div>
        {drawn.map(({ place, left, width: wide, pinned }) => {
          const column = columns[place];
          if (column === undefined) return null;
          const at = order.get(place) ?? 0;
          const sortedAt = sorts.findIndex((sort) => sort.column === place);
          const sort = sorts[sortedAt];
          return (
            <div
              key={place}
              id={`${gridId}-h-${place}`}
              role="columnheader"
              tabIndex={-1}
              aria-colindex={at + 2}
              aria-sort={sort === undefined ? "none" : sort.descending ? "descending" : "ascending"}
              className={cx(styles.header, isNumber(column) && styles.right, pinned && styles.pinned, active === at && styles.active)}
              style={pinned ? { width: wide, left: numberWidth + left } : { width: wide, transform: `translateX(${numberWidth + left}px)` }}
              onDragOver={(event) => {
                if (event.dataTransfer.types.includes(DRAGGED)) event.preventDefault();
              }}
              onDrop={(event) => {
                const from = Number(event.dataTransfer.getData(DRAGGED));
                event.preventDefault();
                if (from !== place) onMove(from, place);
              }}
            >
              <button
                type="button"
                tabIndex={-1}
                className={styles.title}
                draggable
                title={`${plainName(column.name)}: press to sort, with Shift after other columns`}
                onDragStart={(event) => {
                  event.dataTransfer.setData(DRAGGED, String(place));
                  event.dataTransfer.effectAllowed = "move";
                }}
                onClick={(event) => onSort(place, event.shiftKey)}
              >
                <span className={styles.name}>
                  <span className={styles.nameText}>
                    <Name text={column.name} />
                  </span>
                  {sort !== undefined && (
                    <span className={styles.arrow} aria-hidden="true">
                      {sort.descending ? "↓" : "↑"}
                      {sorts.length > 1 && <small>{sortedAt + 1}</small>}
                    </span>
                  )}
                </span>
                <span className={styles.type}>{typeName(column)}</span>
              </button>
              {filtered.has(place) && (
                <span className={styles.filtered} title="Filtered">
                  <Icon name="filter" size={13} />
                </span>
              )}
              {renderMenu(place)}
              <Edge width={wide} onResize={(next) => onResize(place, next)} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

const DRAGGED = "application/x-bricklayer-column";

/** Drag to resize, press twice for the width that the values need. Keys do it in the column's menu. */
function Edge({ width, onResize }: { width: number; onResize: (width: number | null) => void }) {
  const began = useRef<{ x: number; width: number } | null>(null);
  const move = (event: PointerEvent): void => {
    if (began.current !== null) onResize(Math.max(MIN_COLUMN_PX, began.current.width + event.clientX - began.current.x));
  };
  return (
    <span
      className={styles.edge}
      aria-hidden="true"
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        began.current = { x: event.clientX, width };
      }}
      onPointerMove={move}
      onPointerUp={() => {
        began.current = null;
      }}
      onDoubleClick={() => onResize(null)}
    />
  );
}
