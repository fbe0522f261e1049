import type { CSSProperties } from "react";
import { cx } from "@/shared/lib/cx";
import { Icon, type IconName } from "@/shared/ui/Icon";
import { Name } from "@/shared/ui/Name";
import type { PickKind, PickRow } from "../model/picker";
import styles from "./Picker.module.css";

const icons: Record<PickKind, IconName> = { jobs: "wrench", pipelines: "sliders", files: "file", folders: "folder" };

interface PickItemProps {
  row: PickRow;
  /** The one row that Tab goes to. */
  isCurrent: boolean;
}

/** A row of the tree; keys and presses are the tree's. */
export function PickItem({ row, isCurrent }: PickItemProps) {
  const { key, level, position, siblings, name, meta, pick, open, picked, note } = row;
  return (
    <div
      role="treeitem"
      data-row={key}
      aria-level={level}
      aria-posinset={position}
      aria-setsize={siblings}
      aria-expanded={open ?? undefined}
      aria-checked={pick === null ? undefined : picked !== "no"}
      aria-disabled={picked === "covered" || (note !== null && note !== "failed") ? true : undefined}
      tabIndex={isCurrent ? 0 : -1}
      className={cx(styles.row, level === 1 && styles.group, note !== null && styles.note, note === "failed" && styles.failed)}
      style={{ "--level": level - 1 } as CSSProperties}
    >
      <span className={cx(styles.chevron, open === true && styles.open)} aria-hidden="true" data-opens={open === null ? undefined : ""}>
        {open !== null && <Icon name="chevronRight" size={14} />}
      </span>
      {pick !== null && (
        <span className={cx(styles.box, picked !== "no" && styles.checked)} aria-hidden="true">
          {picked !== "no" && <Icon name="check" size={12} />}
        </span>
      )}
      {pick !== null && <Icon name={icons[pick.kind]} size={15} />}
      <span className={styles.name}>
        <Name text={name} />
      </span>
      {picked === "covered" && <span className={styles.meta}>with its folder</span>}
      {meta !== "" && picked !== "covered" && (
        <span className={styles.meta}>
          <Name text={meta} />
        </span>
      )}
    </div>
  );
}
