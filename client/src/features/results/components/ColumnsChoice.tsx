import { useState } from "react";
import { plainName } from "@/shared/lib/plainSight";
import { Button } from "@/shared/ui/Button";
import { Popover } from "@/shared/ui/Popover";
import type { Table } from "../hooks/useTableView";
import { typeName } from "../model/cells";
import styles from "./ColumnMenu.module.css";

/** Which columns are shown. */
export function ColumnsChoice({ table }: { table: Table }) {
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState("");
  const { info, columns, layout } = table;
  const hidden = info.columns.length - layout.length;
  const wanted = search.toLowerCase();
  return (
    <Popover
      label="Columns"
      align="end"
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button size="s" variant="quiet" icon="table">
          {hidden === 0 ? "Columns" : `${hidden} hidden`}
        </Button>
      }
    >
      <div className={styles.menu}>
        <input
          type="search"
          className={styles.search}
          aria-label="Search columns"
          placeholder="Search columns"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <ul className={styles.values} aria-label="Columns">
          {info.columns.map((column, place) =>
            column.name.toLowerCase().includes(wanted) ? (
              <li key={place}>
                <label>
                  <input
                    type="checkbox"
                    checked={columns.getColumn(String(place))?.getIsVisible() ?? true}
                    onChange={(event) => columns.getColumn(String(place))?.toggleVisibility(event.target.checked)}
                  />
                  <span>{plainName(column.name)}</span>
                  <span className={styles.count}>{typeName(column)}</span>
                </label>
              </li>
            ) : null,
          )}
        </ul>
        <div className={styles.actions}>
          <Button size="s" variant="quiet" onClick={() => columns.toggleAllColumnsVisible(true)}>
            Show all
          </Button>
          <Button
            size="s"
            variant="quiet"
            onClick={() => {
              columns.resetColumnOrder();
              columns.resetColumnPinning();
              columns.resetColumnSizing();
              columns.resetColumnVisibility();
            }}
          >
            As they came
          </Button>
        </div>
      </div>
    </Popover>
  );
}
