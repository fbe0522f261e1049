import { type RefObject, useState } from "react";
import type { ResultColumn } from "@/api/types";
import { plainName } from "@/shared/lib/plainSight";
import { Button } from "@/shared/ui/Button";
import { Icon } from "@/shared/ui/Icon";
import { Name } from "@/shared/ui/Name";
import { Popover } from "@/shared/ui/Popover";
import type { Table } from "../hooks/useTableView";
import { moveColumn } from "../hooks/useColumns";
import { isNumber, isTime, typeName } from "../model/cells";
import { filterOf } from "../model/view";
import styles from "./ColumnMenu.module.css";
import { ColumnSummary } from "./ColumnSummary";
import grid from "./DataGrid.module.css";
import { FilterEditor } from "./FilterEditor";
import { ValueHistogram } from "./ValueHistogram";

interface ColumnMenuProps {
  table: Table;
  place: number;
  column: ResultColumn;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** The grid, which has the keyboard again afterwards. */
  returnTo: RefObject<HTMLElement | null>;
}

/** All that can be known of a column and done with it. */
export function ColumnMenu({ table, place, column, open, onOpenChange, returnTo }: ColumnMenuProps) {
  const name = plainName(column.name);
  return (
    <Popover
      label={`Column ${name}`}
      align="end"
      open={open}
      onOpenChange={onOpenChange}
      returnTo={returnTo}
      trigger={
        <button type="button" tabIndex={-1} className={grid.menuButton} aria-label={`Column ${name}: sort, filter and more`} title="Sort, filter and more">
          <Icon name="chevronDown" size={14} />
        </button>
      }
    >
      <Content table={table} place={place} column={column} onDone={() => onOpenChange(false)} />
    </Popover>
  );
}

const WIDER_PX = 60;

function Content({ table, place, column, onDone }: { table: Table; place: number; column: ResultColumn; onDone: () => void }) {
  const { id, view, columns } = table;
  const sort = view.sorts.find((each) => each.column === place);
  const own = columns.getColumn(String(place));
  const pinned = own?.getIsPinned() === "start";
  const [others] = useState(() => filterOf(view, place));
  const filter = view.filters.get(place) ?? null;
  const hasScale = isNumber(column) || isTime(column);
  const sortBy = (descending: boolean): void => {
    table.setSorts([{ column: place, descending }]);
    onDone();
  };
  return (
    <div className={styles.menu}>
      <header className={styles.title}>
        <strong>
          <Name text={column.name} />
        </strong>
        <span>{typeName(column)}</span>
      </header>
      <div className={styles.actions} role="group" aria-label="Order">
        <Button size="s" variant="quiet" aria-pressed={sort?.descending === false} onClick={() => sortBy(false)}>
          ↑ Ascending
        </Button>
        <Button size="s" variant="quiet" aria-pressed={sort?.descending === true} onClick={() => sortBy(true)}>
          ↓ Descending
        </Button>
        {sort !== undefined && (
          <Button size="s" variant="quiet" onClick={() => table.setSorts(view.sorts.filter((each) => each.column !== place))}>
            As it came
          </Button>
        )}
      </div>
      <ColumnSummary id={id} place={place} column={column} filter={others} />
      {hasScale && <ValueHistogram id={id} place={place} column={column} filter={others} onChoose={(next) => table.setFilter(place, next)} />}
      <FilterEditor id={id} place={place} column={column} others={others} filter={filter} onChange={(next) => table.setFilter(place, next)} />
      <div className={styles.actions} role="group" aria-label="Place and width">
        <Button size="s" variant="quiet" icon="pin" aria-pressed={pinned} onClick={() => own?.pin(pinned ? false : "start")}>
          {pinned ? "Unpin" : "Pin"}
        </Button>
        <Button size="s" variant="quiet" title="Move left" aria-label="Move left" onClick={() => moveColumn(columns, place, "left")}>
          ←
        </Button>
        <Button size="s" variant="quiet" title="Move right" aria-label="Move right" onClick={() => moveColumn(columns, place, "right")}>
          →
        </Button>
        <Button
          size="s"
          variant="quiet"
          title="Narrower"
          aria-label="Narrower"
          onClick={() => table.resize(place, Math.max(48, (own?.getSize() ?? 160) - WIDER_PX))}
        >
          −
        </Button>
        <Button size="s" variant="quiet" title="Wider" aria-label="Wider" onClick={() => table.resize(place, (own?.getSize() ?? 160) + WIDER_PX)}>
          +
        </Button>
        <Button
          size="s"
          variant="quiet"
          onClick={() => {
            own?.toggleVisibility(false);
            onDone();
          }}
        >
          Hide
        </Button>
      </div>
    </div>
  );
}
