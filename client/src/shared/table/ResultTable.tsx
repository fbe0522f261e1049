import { type KeyboardEvent, useId, useMemo, useRef, useState } from "react";
import { cx } from "@/shared/lib/cx";
import { formatCount } from "@/shared/lib/format";
import { CellInspector } from "./CellInspector";
import { HeaderCell } from "./HeaderCell";
import styles from "./ResultTable.module.css";
import { TableToolbar } from "./TableToolbar";
import { columnWidths } from "./columnWidths";
import { type Sort, nextSort, sortedOrder } from "./sort";
import { type TableData, isNumeric } from "./tableData";
import { useWindow } from "./useWindow";

const ROW_HEIGHT_PX = 30;
const PAGE_ROWS = 10;

interface ResultTableProps {
  data: TableData;
  /** What the rows are, for screen readers and the file name. */
  label: string;
  tall?: boolean;
  /** Shows the table with more room; absent where there is none to give. */
  onExpand?: () => void;
}

interface Position {
  row: number;
  column: number;
}

/** A result as a grid: sorted by a press on a header, walked by arrow keys, only the visible rows in the page. */
export function ResultTable({ data, label, tall = false, onExpand }: ResultTableProps) {
  const [sort, setSort] = useState<Sort | null>(null);
  const [active, setActive] = useState<Position | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const { columns, rows } = data;

  const order = useMemo(() => {
    const column = sort === null ? undefined : columns[sort.column];
    return sort === null || column === undefined ? null : sortedOrder(rows, column, sort);
  }, [columns, rows, sort]);
  const widths = useMemo(() => columnWidths(data), [data]);
  const rowAt = (position: number) => rows[order?.[position] ?? position];
  const { start, end } = useWindow(box, rows.length, ROW_HEIGHT_PX);

  const moveTo = (row: number, column: number): void => {
    const next = { row: clamp(row, rows.length), column: clamp(column, columns.length) };
    setActive(next);
    scrollToRow(box.current, next.row);
    document.getElementById(`${id}-c${next.column}`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (rows.length === 0 || event.target !== event.currentTarget) return;
    const { row, column } = active ?? { row: -1, column: 0 };
    const far = event.ctrlKey || event.metaKey;
    const moves: Record<string, Position> = {
      ArrowDown: { row: row + 1, column },
      ArrowUp: { row: row - 1, column },
      ArrowLeft: { row, column: column - 1 },
      ArrowRight: { row, column: column + 1 },
      PageDown: { row: row + PAGE_ROWS, column },
      PageUp: { row: row - PAGE_ROWS, column },
      Home: { row: far ? 0 : row, column: 0 },
      End: { row: far ? rows.length - 1 : row, column: columns.length - 1 },
    };
    const move = moves[event.key];
    if (move !== undefined) {
      event.preventDefault();
      moveTo(move.row, move.column);
    } else if (event.key === "Escape" && active !== null) {
      event.stopPropagation();
      setActive(null);
    }
  };

  const activeColumn = active === null ? undefined : columns[active.column];
  return (
    <section className={cx(styles.table, tall && styles.fill)} aria-label={label}>
      <div
        ref={box}
        className={cx(styles.scroll, tall && styles.tall)}
        role="grid"
        tabIndex={0}
        aria-label={`${label}: ${formatCount(rows.length)} rows, ${columns.length} columns`}
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length}
        aria-activedescendant={active !== null && active.row >= start && active.row < end ? `${id}-${active.row}-${active.column}` : undefined}
        onKeyDown={onKeyDown}
      >
        <table role="presentation" style={{ width: `calc(${widths.reduce((sum, width) => sum + width, 0)}ch + 3.25rem)` }}>
          <colgroup>
            <col style={{ width: "3.25rem" }} />
            {widths.map((width, index) => (
              <col key={index} style={{ width: `${width}ch` }} />
            ))}
            {/* Takes what is left, so that narrow results keep narrow columns. */}
            <col />
          </colgroup>
          <thead role="rowgroup">
            <tr role="row" aria-rowindex={1}>
              <th role="presentation" className={styles.rowNumber} />
              {columns.map((column, index) => (
                <HeaderCell
                  key={index}
                  id={`${id}-c${index}`}
                  column={column}
                  direction={sort?.column === index ? sort.direction : null}
                  onSort={() => setSort(nextSort(sort, index))}
                />
              ))}
              <th role="presentation" className={styles.filler} />
            </tr>
          </thead>
          <tbody role="rowgroup">
            {start > 0 && <tr role="presentation" style={{ height: start * ROW_HEIGHT_PX }} />}
            {Array.from({ length: Math.max(0, end - start) }, (_, offset) => start + offset).map((position) => (
              <tr key={position} role="row" aria-rowindex={position + 2}>
                <td role="presentation" className={styles.rowNumber}>
                  {position + 1}
                </td>
                {columns.map((column, index) => {
                  const cell = rowAt(position)?.[index] ?? null;
                  const isActive = active?.row === position && active.column === index;
                  return (
                    // Keys are handled by the grid, which holds the focus.
                    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
                    <td
                      key={index}
                      id={`${id}-${position}-${index}`}
                      role="gridcell"
                      aria-colindex={index + 1}
                      aria-selected={isActive}
                      className={cx(styles.cell, isNumeric(column) && styles.number, isActive && styles.active)}
                      onClick={() => setActive({ row: position, column: index })}
                    >
                      {cell === null ? <span className={styles.none}>null</span> : cell === "" ? <span className={styles.none}>empty</span> : cell}
                    </td>
                  );
                })}
                <td role="presentation" className={styles.filler} />
              </tr>
            ))}
            {end < rows.length && <tr role="presentation" style={{ height: (rows.length - end) * ROW_HEIGHT_PX }} />}
          </tbody>
        </table>
      </div>
      {active !== null && activeColumn !== undefined && (
        <CellInspector column={activeColumn} row={active.row} value={rowAt(active.row)?.[active.column] ?? null} onClose={() => setActive(null)} />
      )}
      <TableToolbar data={data} label={label} onExpand={onExpand} orderedRows={() => (order === null ? rows : order.flatMap((index) => [rows[index] ?? []]))} />
    </section>
  );
}

function clamp(value: number, count: number): number {
  return Math.min(count - 1, Math.max(0, value));
}

/** Scrolls just far enough, below the header that stays in place. */
function scrollToRow(box: HTMLElement | null, row: number): void {
  if (box === null) return;
  const header = box.querySelector("thead")?.clientHeight ?? 0;
  const top = row * ROW_HEIGHT_PX;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW_HEIGHT_PX + header > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW_HEIGHT_PX + header - box.clientHeight;
}
