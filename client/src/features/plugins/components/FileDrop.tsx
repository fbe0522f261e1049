import { useState } from "react";
import { cx } from "@/shared/lib/cx";
import { formatBytes } from "@/shared/lib/format";
import { Icon } from "@/shared/ui/Icon";
import styles from "./Install.module.css";

interface FileDropProps {
  label: string;
  hint: string;
  accept: string;
  file: File | null;
  small?: boolean;
  autoFocus?: boolean;
  onChange: (file: File | null) => void;
}

/** A file, dropped or chosen. The browser's own field lies over the whole place, so keyboard and mouse both find it. */
export function FileDrop({ label, hint, accept, file, small = false, autoFocus = false, onChange }: FileDropProps) {
  const [over, setOver] = useState(false);
  return (
    <div
      className={cx(styles.drop, small && styles.dropSmall, over && styles.over)}
      onDragOver={() => setOver(true)}
      onDragLeave={() => setOver(false)}
      onDrop={() => setOver(false)}
      role="presentation"
    >
      <Icon name={file === null ? "upload" : "file"} size={small ? 18 : 24} />
      <span className={styles.dropText}>
        {file === null ? hint : <strong>{file.name}</strong>}
        {file !== null && <span>{formatBytes(file.size)}, choose another to replace it</span>}
      </span>
      <input
        type="file"
        aria-label={label}
        accept={accept}
        data-autofocus={autoFocus ? true : undefined}
        onChange={(event) => {
          const [chosen] = event.target.files ?? [];
          if (chosen !== undefined) onChange(chosen);
        }}
      />
    </div>
  );
}
