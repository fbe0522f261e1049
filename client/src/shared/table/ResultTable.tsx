import { type KeyboardEvent, useId, useMemo, useRef, useState } from "react";
import { copyText } from "@/shared/lib/clipboard";
import { cx } from "@/shared/lib/cx";
import { formatCount } from "@/shared/lib/format";
import { CellInspector } from "./CellInspector";
import { HeaderCell } from "./HeaderCell";
import styles from "./ResultTable.module.css";
import { TableToolbar } from "./TableToolbar";
import { columnWidths } from "./columnWidths";
import { toTsv } from "./export";
import { type Position, type Selection, areaOf, contains, move } from "./selection";
import { type Sort, nextSort, sortedOrder } from "./sort";
import { type Row, type TableData, isNumeric } from "./tableData";
import { useWindow } from "./useWindow";

const ROW_HEIGHT_PX = 28;
const PAGE_ROWS = 10;
/** Characters of a value that are drawn in its cell; the rest is in the inspector. */
const MAX_DRAWN_CHARS = 300;

interface ResultTableProps {
  data: TableData;
  /** What the rows are, for screen readers and the file name. */
  label: string;
  tall?: boolean;
  /** Shows the table with more room; absent where there is none to give. */
  onExpand?: () => void;
}

/** A result as a grid: sorted by a press on a header, walked and selected by arrow keys, only the visible rows in the page. */
export function ResultTable({ data, label, tall = false, onExpand }: ResultTableProps) {
  const [sort, setSort] = useState<Sort | null>(null);
  const [selection, setSelection] = useState<Selection | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const { columns, rows } = data;

  const order = useMemo(() => {
    const column = sort === null ? undefined : columns[sort.column];
    return sort === null || column === undefined ? null : sortedOrder(rows, column, sort);
  }, [columns, rows, sort]);
  const widths = useMemo(() => columnWidths(data), [data]);
  const rowAt = (position: number) => rows[order?.[position] ?? position];
  const orderedRows = (): readonly Row[] => (order === null ? rows : order.flatMap((index) => [rows[index] ?? []]));
  const { start, end } = useWindow(box, rows.length, ROW_HEIGHT_PX);

  const active = selection?.active ?? null;
  const area = selection === null ? null : areaOf(selection);

  const moveTo = (to: Position, extend: boolean): void => {
    const next = move(selection, to, extend, rows.length, columns.length);
    setSelection(next);
    scrollToRow(box.current, next.active.row);
    document.getElementById(`${id}-c${next.active.column}`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  const copy = (): void => {
    if (area === null) return copyText(toTsv(columns, orderedRows()), "Table copied");
    if (area.top === area.bottom && area.left === area.right) return copyText(rowAt(area.top)?.[area.left] ?? "", "Value copied");
    const chosen = Array.from({ length: area.bottom - area.top + 1 }, (_, offset) => (rowAt(area.top + offset) ?? []).slice(area.left, area.right + 1));
    copyText(toTsv(columns.slice(area.left, area.right + 1), chosen), `${formatCount(chosen.length)} × ${area.right - area.left + 1} cells copied`);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (rows.length === 0 || event.target !== event.currentTarget) return;
    const { row, column } = active ?? { row: -1, column: 0 };
    const far = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (far && !event.shiftKey && (key === "c" || key === "a")) {
      // Text that somebody marked is the browser's to copy.
      if (key === "c" && getSelection()?.toString() !== "") return;
      event.preventDefault();
      if (key === "c") copy();
      else setSelection({ anchor: { row: 0, column: 0 }, active: { row: rows.length - 1, column: columns.length - 1 } });
      return;
    }
    const moves: Record<string, Position> = {
      ArrowDown: { row: far ? rows.length - 1 : row + 1, column },
      ArrowUp: { row: far ? 0 : row - 1, column },
      ArrowLeft: { row, column: far ? 0 : column - 1 },
      ArrowRight: { row, column: far ? columns.length - 1 : column + 1 },
      PageDown: { row: row + PAGE_ROWS, column },
      PageUp: { row: row - PAGE_ROWS, column },
      Home: { row: far ? 0 : row, column: 0 },
      End: { row: far ? rows.length - 1 : row, column: columns.length - 1 },
    };
    const next = moves[event.key];
    if (next !== undefined) {
      event.preventDefault();
      moveTo(next, event.shiftKey);
    } else if (event.key === "Escape" && active !== null) {
      event.stopPropagation();
      setSelection(null);
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
        aria-multiselectable="true"
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
                  const isChosen = contains(area, position, index);
                  return (
                    // Keys are handled by the grid, which holds the focus.
                    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
                    <td
                      key={index}
                      id={`${id}-${position}-${index}`}
                      role="gridcell"
                      aria-colindex={index + 1}
                      aria-selected={isChosen}
                      dir={isNumeric(column) ? undefined : "auto"}
                      className={cx(styles.cell, isNumeric(column) && styles.number, isChosen && styles.chosen, isActive && styles.active)}
                      onClick={(event) => setSelection(move(selection, { row: position, column: index }, event.shiftKey, rows.length, columns.length))}
                    >
                      {cell === null ? <span className={styles.none}>null</span> : cell === "" ? <span className={styles.none}>empty</span> : oneLine(cell)}
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
        <CellInspector column={activeColumn} row={active.row} value={rowAt(active.row)?.[active.column] ?? null} onClose={() => setSelection(null)} />
      )}
      <TableToolbar data={data} label={label} onExpand={onExpand} orderedRows={orderedRows} />
    </section>
  );
}

/** A value as its cell shows it: line breaks as a sign, and no more than can be seen. */
function oneLine(cell: string): string {
  const drawn = cell.length > MAX_DRAWN_CHARS ? `${cell.slice(0, MAX_DRAWN_CHARS)}…` : cell;
  return drawn.replaceAll(/\r\n|[\r\n\u2028\u2029]/g, "⏎");
}

/** Scrolls just far enough, below the header that stays in place. */
function scrollToRow(box: HTMLElement | null, row: number): void {
  if (box === null) return;
  const header = box.querySelector("thead")?.clientHeight ?? 0;
  const top = row * ROW_HEIGHT_PX;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW_HEIGHT_PX + header > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW_HEIGHT_PX + header - box.clientHeight;
}
