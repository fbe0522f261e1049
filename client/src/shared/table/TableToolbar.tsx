import { copyText } from "@/shared/lib/clipboard";
import { saveAs } from "@/shared/lib/download";
import { formatCount, plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { IconButton } from "@/shared/ui/IconButton";
import { Menu } from "@/shared/ui/Menu";
import styles from "./ResultTable.module.css";
import { fileName, isPartial, toCsv, toJson, toMarkdown, toTsv } from "./export";
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
  const part = isPartial(data) ? `, ${plural(data.rows.length, "row")} of more` : "";
  const save = (extension: string, type: string, text: string): void => saveAs(fileName(data, label, extension), type, text);
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
        title={`Copy for a spreadsheet (tab-separated)${part}`}
        onClick={() => copyText(toTsv(columns, orderedRows()), "Table copied")}
      >
        Copy
      </Button>
      <Button
        size="s"
        variant="quiet"
        icon="download"
        title={`Download as CSV for a spreadsheet${part}`}
        onClick={() => save("csv", "text/csv", toCsv(columns, orderedRows()))}
      >
        CSV
      </Button>
      <Menu
        label="Other copies and downloads"
        items={[
          { label: "Copy as Markdown", icon: "copy", onSelect: () => copyText(toMarkdown(columns, orderedRows()), "Markdown copied") },
          { label: "Copy as JSON", icon: "copy", onSelect: () => copyText(toJson(columns, orderedRows()), "JSON copied") },
          {
            label: "Download CSV, formulas unchanged",
            icon: "download",
            onSelect: () => save("csv", "text/csv", toCsv(columns, orderedRows(), "kept")),
          },
          { label: "Download TSV", icon: "download", onSelect: () => save("tsv", "text/tab-separated-values", toTsv(columns, orderedRows())) },
          { label: "Download JSON", icon: "download", onSelect: () => save("json", "application/json", toJson(columns, orderedRows())) },
          { label: "Download Markdown", icon: "download", onSelect: () => save("md", "text/markdown", `${toMarkdown(columns, orderedRows())}\n`) },
        ]}
      />
      {onExpand !== undefined && <IconButton size="s" icon="expand" label="Show larger" onClick={onExpand} />}
    </div>
  );
}

function rowCount({ rows, totalRows, truncated }: TableData): string {
  if (totalRows > rows.length) return `First ${formatCount(rows.length)} of ${plural(totalRows, "row")}`;
  return truncated ? `First ${plural(rows.length, "row")}; there are more` : plural(rows.length, "row");
}
