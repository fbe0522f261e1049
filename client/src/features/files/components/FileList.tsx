import { type CSSProperties, useMemo, useRef, useState } from "react";
import type { ProjectFile } from "@/api/types";
import { formatAgo, formatBytes, formatCount } from "@/shared/lib/format";
import { useWindow } from "@/shared/table/useWindow";
import { Icon } from "@/shared/ui/Icon";
import { plainName } from "@/shared/lib/plainSight";
import { Name } from "@/shared/ui/Name";
import { pictureType } from "../model/kinds";
import { type FileOrder, type FileRow, fileRows } from "../model/tree";
import styles from "./FilePanel.module.css";

const ROW_HEIGHT_PX = 44;

const orders: readonly { value: FileOrder; label: string }[] = [
  { value: "name", label: "By name" },
  { value: "newest", label: "Newest first" },
  { value: "largest", label: "Largest first" },
];

interface FileListProps {
  files: readonly ProjectFile[];
  truncated: boolean;
  onOpen: (path: string) => void;
}

/** A project's files as a tree that is filtered and sorted; only rows in view are in the page. */
export function FileList({ files, truncated, onOpen }: FileListProps) {
  const [filter, setFilter] = useState("");
  const [order, setOrder] = useState<FileOrder>("name");
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const box = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => fileRows(files, { filter, order, closed }), [files, filter, order, closed]);
  const { start, end } = useWindow(box, rows.length, ROW_HEIGHT_PX);
  if (files.length === 0) {
    return (
      <div className={styles.empty}>
        <Icon name="folder" size={28} />
        <p>No files yet. Ask the agent to save something, such as “save that as report.md”.</p>
      </div>
    );
  }
  const toggle = (path: string): void => {
    const next = new Set(closed);
    if (!next.delete(path)) next.add(path);
    setClosed(next);
  };
  return (
    <div className={styles.files}>
      <div className={styles.tools}>
        <input
          type="search"
          className={styles.filter}
          aria-label="Filter files"
          placeholder="Filter files"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <select className={styles.order} aria-label="Order of files" value={order} onChange={(event) => setOrder(event.target.value as FileOrder)}>
          {orders.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </div>
      {truncated && (
        <p className={styles.more} role="status">
          Only {formatCount(files.length)} files are listed; there are more. Ask the agent to find one by name.
        </p>
      )}
      {rows.length === 0 && <p className={styles.more}>No file matches “{plainName(filter)}”.</p>}
      <div ref={box} className={styles.scroll}>
        <ul className={styles.list} style={{ height: rows.length * ROW_HEIGHT_PX }}>
          {rows.slice(start, end).map((row, offset) => (
            <li
              key={row.kind === "file" ? `f:${row.file.path}` : `d:${row.path}`}
              aria-setsize={rows.length}
              aria-posinset={start + offset + 1}
              style={{ top: (start + offset) * ROW_HEIGHT_PX, "--depth": row.depth } as CSSProperties}
            >
              <Row row={row} onOpen={onOpen} onToggle={toggle} />
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function Row({ row, onOpen, onToggle }: { row: FileRow; onOpen: (path: string) => void; onToggle: (path: string) => void }) {
  if (row.kind === "folder") {
    return (
      <button type="button" aria-expanded={row.open} title={plainName(row.path)} onClick={() => onToggle(row.path)}>
        <Icon name={row.open ? "chevronDown" : "chevronRight"} size={15} />
        <span className={styles.path}>
          <Name text={row.name} />
        </span>
        <span className={styles.meta}>{formatCount(row.files)}</span>
      </button>
    );
  }
  const { file } = row;
  const folder = file.path.slice(0, file.path.lastIndexOf("/") + 1);
  return (
    <button type="button" title={plainName(file.path)} onClick={() => onOpen(file.path)}>
      <Icon name={iconOf(file.path)} size={17} />
      <span className={styles.path}>
        {row.flat && folder !== "" && (
          <span className={styles.folder}>
            <Name text={folder} />
          </span>
        )}
        <Name text={file.name} />
      </span>
      <span className={styles.meta}>
        {formatBytes(file.size)} · {formatAgo(file.modified, Date.now())}
      </span>
    </button>
  );
}

function iconOf(path: string): "table" | "file" | "image" {
  if (pictureType(path) !== null) return "image";
  return /\.[ct]sv$/i.test(path) ? "table" : "file";
}
