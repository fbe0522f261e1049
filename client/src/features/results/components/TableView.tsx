import { useRef, useState } from "react";
import { messageOf } from "@/api/problem";
import type { ResultInfo } from "@/api/types";
import { type Selection, areaOf } from "@/shared/table/selection";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { useCopy } from "../hooks/useCopy";
import type { Table } from "../hooks/useTableView";
import { CellWindow } from "./CellWindow";
import { DataGrid, type GridHandle, type OpenedCell, type Place } from "./DataGrid";
import { FilterChips } from "./FilterChips";
import { TableFoot } from "./TableFoot";
import styles from "./TableView.module.css";

interface TableViewProps {
  info: ResultInfo;
  table: Table;
  label: string;
  /** Where a link led to. */
  target: Place | null;
}

/** All rows of a table: filters, the grid, and what can be taken along. */
export function TableView({ info, table, label, target }: TableViewProps) {
  const [selection, setSelection] = useState<Selection | null>(null);
  const [opened, setOpened] = useState<OpenedCell | null>(null);
  const grid = useRef<GridHandle | null>(null);
  const copy = useCopy(table, selection);
  const column = opened === null ? undefined : info.columns[opened.column];
  return (
    <div className={styles.view}>
      <FilterChips table={table} />
      {table.error !== null && table.total === null ? (
        <LoadFailure title="These rows could not be read" message={messageOf(table.error)} onRetry={table.retry} />
      ) : (
        <DataGrid
          table={table}
          label={label}
          target={target}
          selection={selection}
          onSelect={setSelection}
          onCopy={() => copy("tsv")}
          onOpen={setOpened}
          handle={grid}
        />
      )}
      {opened !== null && column !== undefined && (
        <CellWindow id={table.id} cell={opened} column={column} onClose={() => setOpened(null)} returnTo={() => grid.current?.focus()} />
      )}
      <TableFoot
        table={table}
        selection={selection}
        copy={copy}
        onOpen={() => {
          if (selection === null) return;
          const { top, left } = areaOf(selection);
          grid.current?.open(top, left);
        }}
      />
    </div>
  );
}
