import { plainName } from "@/shared/lib/plainSight";
import { Button } from "@/shared/ui/Button";
import { IconButton } from "@/shared/ui/IconButton";
import type { Table } from "../hooks/useTableView";
import { filterWords } from "../model/view";
import styles from "./TableView.module.css";

/** What the rows that are shown have in common, each to be taken back. */
export function FilterChips({ table }: { table: Table }) {
  const { view, info } = table;
  if (view.filters.size === 0) return null;
  return (
    <ul className={styles.chips} aria-label="Filters">
      {[...view.filters].map(([place, filter]) => {
        const column = info.columns[place];
        if (column === undefined) return null;
        const name = plainName(column.name);
        return (
          <li key={place}>
            <span>
              <strong>{name}</strong> {filterWords(filter, column)}
            </span>
            <IconButton icon="close" size="s" label={`Remove the filter of ${name}`} onClick={() => table.setFilter(place, null)} />
          </li>
        );
      })}
      <li className={styles.all}>
        <Button size="s" variant="quiet" onClick={table.showAll}>
          Show all
        </Button>
      </li>
    </ul>
  );
}
