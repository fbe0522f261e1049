import { type KeyboardEvent, type PointerEvent, type RefObject, useEffect, useId, useImperativeHandle, useMemo, useRef, useState } from "react";
import { formatCount, plural } from "@/shared/lib/format";
import { type Position, type Selection, areaOf, move } from "@/shared/table/selection";
import { Button } from "@/shared/ui/Button";
import type { Row } from "../api/rows";
import { moveColumn } from "../hooks/useColumns";
import { useDrawnColumns } from "../hooks/useDrawnColumns";
import { usePins } from "../hooks/usePins";
import { useRowPages } from "../hooks/useRowPages";
import { useScaledVirtual } from "../hooks/useScaledVirtual";
import type { Table } from "../hooks/useTableView";
import { nextSorts } from "../model/view";
import { ColumnMenu } from "./ColumnMenu";
import styles from "./DataGrid.module.css";
import { GridHead } from "./GridHead";
import { GridRow } from "./GridRow";

const ROW_PX = 28;
const HEAD_PX = 46;

/** A place in the whole result that a link led to. */
export interface Place {
  readonly row: number;
  readonly column: number | null;
}

/** A cell that was opened. */
export interface OpenedCell {
  readonly row: Row;
  /** The column's place in the result. */
  readonly column: number;
  readonly anchor: DOMRect;
}

export interface GridHandle {
  readonly focus: () => void;
  /** Opens a cell, by its places in the view and on the screen. */
  readonly open: (row: number, at: number) => void;
}

interface DataGridProps {
  table: Table;
  label: string;
  target: Place | null;
  selection: Selection | null;
  onSelect: (selection: Selection | null) => void;
  onCopy: () => void;
  onOpen: (cell: OpenedCell) => void;
  handle: RefObject<GridHandle | null>;
}

/**
 * Any number of rows and columns as a grid: only what is in view is asked for and drawn. The grid holds the focus and
 * names its active cell, so that a cell that leaves the view takes no focus with it.
 */
export function DataGrid({ table, label, target, selection, onSelect, onCopy, onOpen, handle }: DataGridProps) {
  const { info, view } = table;
  const box = useRef<HTMLDivElement>(null);
  const gridId = useId();
  const count = table.total ?? 0;
  const virtual = useScaledVirtual({ box, count, rowHeight: ROW_PX, headerHeight: HEAD_PX });
  const { indices } = virtual;
  const [first, last] = [indices[0] ?? 0, indices.at(-1) ?? 0];
  const pages = useRowPages({ id: table.id, generation: table.generation, view, first, last, moving: virtual.moving });
  const numberWidth = 30 + 8 * formatCount(Math.max(1, info.rows)).length;
  const layout = usePins(box, table.layout, numberWidth);
  const drawn = useDrawnColumns({ box, columns: layout, numberWidth });
  const order = useMemo(() => new Map(layout.map(({ place }, at) => [place, at])), [layout]);
  const width = numberWidth + layout.reduce((sum, column) => sum + column.width, 0);
  /** The header that has the keyboard, and the one whose menu is open; by places on the screen and in the result. */
  const [head, setHead] = useState<number | null>(null);
  const [menu, setMenu] = useState<number | null>(null);
  const area = selection === null ? null : areaOf(selection);
  const active = head === null ? (selection?.active ?? null) : null;

  const showColumn = (at: number): void => {
    const element = box.current;
    const column = layout[at];
    if (element === null || column === undefined || column.pinned) return;
    const staying = numberWidth + layout.reduce((sum, each) => sum + (each.pinned ? each.width : 0), 0);
    const left = numberWidth + column.left;
    if (left - staying < element.scrollLeft) element.scrollLeft = left - staying;
    else if (left + column.width > element.scrollLeft + element.clientWidth)
      element.scrollLeft = Math.min(left - staying, left + column.width - element.clientWidth);
  };
  const goTo = (to: Position, extend: boolean): void => {
    const next = move(selection, to, extend, count, layout.length);
    setHead(null);
    onSelect(next);
    virtual.show(next.active.row, "nearest");
    showColumn(next.active.column);
  };

  // A link leads to a place of the whole table: what was filtered or sorted makes way for it.
  const isThere = useRef<Place | null>(null);
  useEffect(() => {
    if (target === null || isThere.current === target || count === 0) return;
    if (view.filters.size > 0 || view.sorts.length > 0) return table.showAll();
    isThere.current = target;
    const at = target.column === null ? 0 : (order.get(target.column) ?? 0);
    virtual.show(Math.min(target.row, count - 1), "middle");
    showColumn(at);
    onSelect(move(null, { row: target.row, column: at }, false, count, layout.length));
    box.current?.focus({ preventScroll: true });
  });

  const open = (index: number, at: number): void => {
    const place = layout[at]?.place;
    const row = pages.at(index);
    const cell = document.getElementById(`${gridId}-${index}-${place}`);
    if (place === undefined || row === undefined || cell === null) return;
    onOpen({ row, column: place, anchor: cell.getBoundingClientRect() });
  };
  useImperativeHandle(handle, () => ({ focus: () => box.current?.focus({ preventScroll: true }), open }));
  const sort = (place: number, more: boolean): void => table.setSorts(nextSorts(view.sorts, place, more));

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget || layout.length === 0) return;
    const far = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (far && !event.shiftKey && (key === "c" || key === "a")) {
      if (key === "c" && getSelection()?.toString() !== "") return;
      event.preventDefault();
      if (key === "c") onCopy();
      else if (count > 0) onSelect({ anchor: { row: 0, column: 0 }, active: { row: count - 1, column: layout.length - 1 } });
      return;
    }
    if (head !== null && onHeadKey(event, head)) return;
    const { row, column } = selection?.active ?? { row: -1, column: 0 };
    if (event.key === "ArrowUp" && row <= 0 && !event.shiftKey) {
      event.preventDefault();
      setHead(column);
      showColumn(column);
      return;
    }
    if (count === 0) return;
    if ((event.key === "Enter" || event.key === " ") && selection !== null) {
      event.preventDefault();
      open(row, column);
      return;
    }
    const page = Math.max(1, Math.floor(((box.current?.clientHeight ?? 0) - HEAD_PX) / ROW_PX) - 1);
    const moves: Record<string, Position> = {
      ArrowDown: { row: far ? count - 1 : row + 1, column },
      ArrowUp: { row: far ? 0 : row - 1, column },
      ArrowLeft: { row, column: far ? 0 : column - 1 },
      ArrowRight: { row, column: far ? layout.length - 1 : column + 1 },
      PageDown: { row: row + page, column },
      PageUp: { row: row - page, column },
      Home: { row: far ? 0 : row, column: 0 },
      End: { row: far ? count - 1 : row, column: layout.length - 1 },
    };
    const next = moves[event.key];
    if (next !== undefined) {
      event.preventDefault();
      goTo(next, event.shiftKey);
    } else if (event.key === "Escape" && selection !== null) {
      event.stopPropagation();
      onSelect(null);
    }
  };

  /** Enter sorts, Alt and arrow down open what else can be done. */
  const onHeadKey = (event: KeyboardEvent, at: number): boolean => {
    const place = layout[at]?.place;
    if (place === undefined) return false;
    const to: Record<string, number> = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: layout.length - 1 };
    const next = to[event.key];
    if (next !== undefined && event.altKey) moveColumn(table.columns, place, next < at ? "left" : "right");
    else if (next !== undefined) {
      const column = Math.min(layout.length - 1, Math.max(0, next));
      setHead(column);
      showColumn(column);
    } else if (event.key === "Enter" || event.key === " ") sort(place, event.shiftKey);
    else if (event.key === "ArrowDown" && event.altKey) setMenu(place);
    else if (event.key === "ArrowDown" && count > 0) goTo({ row: 0, column: at }, false);
    else if (event.key === "Escape") setHead(null);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };

  const dragging = useRef(false);
  const onPointerDown = (event: PointerEvent): void => {
    const at = cellOf(event.target);
    if (at === null || event.button !== 0) return;
    setHead(null);
    onSelect(move(selection, at, event.shiftKey, count, layout.length));
    dragging.current = event.pointerType === "mouse";
  };
  const onPointerMove = (event: PointerEvent): void => {
    if (!dragging.current || event.buttons === 0) {
      dragging.current = false;
      return;
    }
    const at = cellOf(event.target);
    if (at !== null && (at.row !== selection?.active.row || at.column !== selection.active.column)) onSelect(move(selection, at, true, count, layout.length));
  };

  const activeId =
    head !== null
      ? `${gridId}-h-${layout[head]?.place}`
      : active !== null && active.row >= first && active.row <= last
        ? `${gridId}-${active.row}-${layout[active.column]?.place}`
        : undefined;
  return (
    <div className={styles.frame}>
      <div
        ref={box}
        className={styles.grid}
        role="grid"
        tabIndex={0}
        aria-label={`${label}: ${plural(count, "row")}, ${plural(layout.length, "column")}`}
        aria-rowcount={table.total === null ? -1 : count + 1}
        aria-colcount={layout.length + 1}
        aria-multiselectable="true"
        aria-readonly="true"
        aria-busy={table.total === null || virtual.moving}
        aria-activedescendant={activeId}
        onKeyDown={onKeyDown}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onDoubleClick={(event) => {
          const at = cellOf(event.target);
          if (at !== null) open(at.row, at.column);
        }}
      >
        <GridHead
          gridId={gridId}
          columns={info.columns}
          drawn={drawn}
          order={order}
          sorts={view.sorts}
          filtered={new Set(view.filters.keys())}
          numberWidth={numberWidth}
          width={width}
          active={head}
          onSort={sort}
          onResize={table.resize}
          onMove={(place, before) => moveColumn(table.columns, place, { before })}
          renderMenu={(place) => {
            const column = info.columns[place];
            return column === undefined ? null : (
              <ColumnMenu
                table={table}
                place={place}
                column={column}
                open={menu === place}
                onOpenChange={(isOpen) => setMenu(isOpen ? place : null)}
                returnTo={box}
              />
            );
          }}
        />
        <div role="rowgroup" className={styles.body} style={{ height: virtual.height, width }}>
          {indices.map((index) => {
            const row = pages.at(index);
            const isChosen = area !== null && index >= area.top && index <= area.bottom;
            const isMarked = target !== null && row?.number === target.row;
            return (
              <GridRow
                key={index}
                gridId={gridId}
                index={index}
                top={virtual.topOf(index)}
                row={row}
                columns={info.columns}
                drawn={drawn}
                order={order}
                numberWidth={numberWidth}
                width={width}
                chosenFrom={isChosen ? area.left : null}
                chosenTo={isChosen ? area.right : null}
                active={active?.row === index ? active.column : null}
                marked={isMarked}
                markedColumn={isMarked ? target.column : null}
              />
            );
          })}
        </div>
      </div>
      {table.total === 0 && (
        <div className={styles.empty} role="status">
          {view.filters.size > 0 ? (
            <>
              <p>No row is let through by the filters.</p>
              <Button size="s" onClick={table.showAll}>
                Show all {formatCount(info.rows)} rows
              </Button>
            </>
          ) : (
            <p>{info.state === "open" ? "No rows yet: they are on their way." : "This result has no rows."}</p>
          )}
        </div>
      )}
      {pages.error !== null && (
        <div className={styles.trouble} role="alert">
          Rows could not be loaded.{" "}
          <Button size="s" icon="refresh" onClick={pages.retry}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

/** The cell that was pressed, by its places in the view and on the screen. */
function cellOf(target: EventTarget): Position | null {
  const cell = target instanceof Element ? target.closest<HTMLElement>("[data-row]") : null;
  if (cell === null) return null;
  return { row: Number(cell.dataset["row"]), column: Number(cell.dataset["column"]) };
}
