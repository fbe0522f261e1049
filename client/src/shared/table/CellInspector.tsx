import { CopyButton } from "@/shared/ui/CopyButton";
import { IconButton } from "@/shared/ui/IconButton";
import styles from "./ResultTable.module.css";
import type { Cell, Column } from "./tableData";

/** The chosen cell in full: what the grid had to cut can be read and copied here. */
export function CellInspector({ column, row, value, onClose }: { column: Column; row: number; value: Cell; onClose: () => void }) {
  return (
    <div className={styles.inspector} role="status">
      <span className={styles.inspectorName}>
        {column.name}, row {row + 1}
      </span>
      <span className={styles.inspectorValue}>{value === null ? <em>null</em> : value === "" ? <em>empty text</em> : value}</span>
      <CopyButton text={value ?? ""} label="Copy value" />
      <IconButton icon="close" size="s" label="Close value" onClick={onClose} />
    </div>
  );
}
