import { copyText } from "@/shared/lib/clipboard";
import { saveAs } from "@/shared/lib/download";
import { formatCount, plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { IconButton } from "@/shared/ui/IconButton";
import styles from "./ResultTable.module.css";
import { toCsv, toMarkdown, toTsv } from "./export";
import type { Row, TableData } from "./tableData";

interface TableToolbarProps {
  data: TableData;
  label: string;
  /** The rows as they are sorted on screen. */
  orderedRows: () => readonly Row[];
  onExpand: (() => void) | undefined;
}

export function TableToolbar({ data, label, orderedRows, onExpand }: TableToolbarProps) {
  const { columns } = data;
  const fileName = `${data.statementId ?? label.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}.csv`;
  return (
    <div className={styles.toolbar}>
      <span className={styles.count}>
        {rowCount(data)}
        {data.warehouse !== null && <span className={styles.source}> · {data.warehouse}</span>}
      </span>
      <Button
        size="s"
        variant="quiet"
        icon="copy"
        title="Copy for a spreadsheet (tab-separated)"
        onClick={() => copyText(toTsv(columns, orderedRows()), "Table copied")}
      >
        Copy
      </Button>
      <Button size="s" variant="quiet" title="Copy as a Markdown table" onClick={() => copyText(toMarkdown(columns, orderedRows()), "Markdown copied")}>
        Markdown
      </Button>
      <Button size="s" variant="quiet" icon="download" title="Download as CSV" onClick={() => saveAs(fileName, "text/csv", toCsv(columns, orderedRows()))}>
        CSV
      </Button>
      {onExpand !== undefined && <IconButton size="s" icon="expand" label="Show larger" onClick={onExpand} />}
    </div>
  );
}

function rowCount({ rows, totalRows, truncated }: TableData): string {
  if (totalRows > rows.length) return `First ${formatCount(rows.length)} of ${plural(totalRows, "row")}`;
  return truncated ? `First ${plural(rows.length, "row")}; there are more` : plural(rows.length, "row");
}
