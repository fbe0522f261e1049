import { formatCount, plural } from "@/shared/lib/format";
import type { Selection } from "@/shared/table/selection";
import { areaOf } from "@/shared/table/selection";
import { Button } from "@/shared/ui/Button";
import { Menu } from "@/shared/ui/Menu";
import type { Copy } from "../hooks/useCopy";
import type { Table } from "../hooks/useTableView";
import { downloads } from "../model/downloads";
import { downloadQuery } from "../hooks/useTableView";
import { ColumnsChoice } from "./ColumnsChoice";
import styles from "./TableView.module.css";

interface TableFootProps {
  table: Table;
  selection: Selection | null;
  copy: Copy;
  onOpen: () => void;
}

/** How much is shown and chosen, and how to take it along. */
export function TableFoot({ table, selection, copy, onOpen }: TableFootProps) {
  const area = selection === null ? null : areaOf(selection);
  const isOne = area !== null && area.top === area.bottom && area.left === area.right;
  const of = area === null ? "table" : "selection";
  return (
    <div className={styles.foot}>
      <span className={styles.count} role="status">
        {rowWords(table)}
        {area !== null && !isOne && ` · ${formatCount(area.bottom - area.top + 1)} × ${area.right - area.left + 1} chosen`}
      </span>
      {isOne && (
        <Button size="s" variant="quiet" icon="expand" onClick={onOpen}>
          Value
        </Button>
      )}
      <ColumnsChoice table={table} />
      <Menu
        label={`Copy the ${of}`}
        text="Copy"
        icon="copy"
        items={[
          { label: `Copy the ${of} for a spreadsheet (TSV)`, icon: "copy", onSelect: () => copy("tsv") },
          { label: `Copy the ${of} as Markdown`, icon: "copy", onSelect: () => copy("markdown") },
          { label: `Copy the ${of} as SQL values`, icon: "copy", onSelect: () => copy("sql") },
        ]}
      />
      <Menu
        label={`Download ${table.total === null ? "" : `${plural(table.total, "row")} `}as they are filtered and sorted`}
        text="Download"
        icon="download"
        items={downloads(table.id, downloadQuery(table))}
      />
    </div>
  );
}

function rowWords({ total, info, view }: Table): string {
  if (total === null) return "Counting…";
  if (view.filters.size > 0) return `${formatCount(total)} of ${plural(info.rows, "row")}`;
  return `${plural(total, "row")}${info.state === "open" ? " so far" : ""}`;
}
