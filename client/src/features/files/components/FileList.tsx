import type { ProjectFile } from "@/api/types";
import { formatAgo, formatBytes } from "@/shared/lib/format";
import { Icon } from "@/shared/ui/Icon";
import styles from "./FilePanel.module.css";

export function FileList({ files, truncated, onOpen }: { files: readonly ProjectFile[]; truncated: boolean; onOpen: (path: string) => void }) {
  if (files.length === 0) {
    return (
      <div className={styles.empty}>
        <Icon name="folder" size={28} />
        <p>No files yet. Ask the agent to save something, such as “save that as report.md”.</p>
      </div>
    );
  }
  return (
    <>
      <ul className={styles.list}>
        {files.map((file) => (
          <li key={file.path}>
            <button type="button" onClick={() => onOpen(file.path)}>
              <Icon name={file.name.endsWith(".csv") ? "table" : "file"} size={17} />
              <span className={styles.path}>
                {folderOf(file.path) !== "" && <span className={styles.folder}>{folderOf(file.path)}</span>}
                {file.name}
              </span>
              <span className={styles.meta}>
                {formatBytes(file.size)} · {formatAgo(file.modified, Date.now())}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {truncated && <p className={styles.more}>There are more files than can be listed here.</p>}
    </>
  );
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}
