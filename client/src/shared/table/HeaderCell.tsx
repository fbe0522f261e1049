import { cx } from "@/shared/lib/cx";
import styles from "./ResultTable.module.css";
import type { Sort } from "./sort";
import { type Column, isNumeric } from "./tableData";

interface HeaderCellProps {
  id: string;
  column: Column;
  direction: Sort["direction"] | null;
  onSort: () => void;
}

const arrows = { ascending: "↑", descending: "↓" } as const;

export function HeaderCell({ id, column, direction, onSort }: HeaderCellProps) {
  return (
    <th id={id} role="columnheader" scope="col" aria-sort={direction ?? "none"} className={cx(styles.header, isNumeric(column) && styles.number)}>
      <button type="button" onClick={onSort} title={`Sort by ${column.name}`}>
        <span className={styles.title}>
          <span className={styles.name}>{column.name}</span>
          {direction !== null && (
            <span className={styles.arrow} aria-hidden="true">
              {arrows[direction]}
            </span>
          )}
        </span>
        {column.typeText !== "" && <span className={styles.type}>{column.typeText.toLowerCase()}</span>}
      </button>
    </th>
  );
}
