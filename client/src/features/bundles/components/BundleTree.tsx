import { type CSSProperties, useState } from "react";
import { plural } from "@/shared/lib/format";
import { Icon } from "@/shared/ui/Icon";
import { Link } from "@/shared/ui/Link";
import { Name } from "@/shared/ui/Name";
import { placeIn, useBundle } from "../bundleContext";
import { insidePath } from "../model/bundles";
import { type TreeRow, treeRows } from "../model/tree";
import { changeWords } from "../model/words";
import styles from "./Files.module.css";

/** Of a bundle with more files than this, folders are closed until somebody opens them. */
const MAX_OPEN_FILES = 120;

/** The files of a bundle, with what was found and what changed in each. */
export function BundleTree({ open }: { open: string }) {
  const { bundle, seen } = useBundle();
  const { folder } = bundle;
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const paths = new Set([...bundle.files.map(({ path }) => path), ...seen.changes.keys()]);
  const current = insidePath(folder, open);
  const isOpen = (path: string): boolean => (paths.size <= MAX_OPEN_FILES || current.startsWith(`${path}/`)) !== toggled.has(path);
  const toggle = (path: string): void => setToggled((before) => new Set(before.has(path) ? [...before].filter((other) => other !== path) : [...before, path]));
  const rows = treeRows(
    [...paths].map((path) => insidePath(folder, path)),
    isOpen,
  );
  return (
    <nav aria-label="Files of the bundle">
      <ul className={styles.nodes}>
        {rows.map((row) => (
          <li key={row.path} style={{ "--depth": row.depth } as CSSProperties}>
            {row.kind === "folder" ? (
              <button type="button" className={styles.node} aria-expanded={row.open} onClick={() => toggle(row.path)}>
                <Icon name={row.open ? "chevronDown" : "chevronRight"} size={14} />
                <Name text={row.name} />
              </button>
            ) : (
              <FileNode row={row} path={folder === "" ? row.path : `${folder}/${row.path}`} isOpen={row.path === current} />
            )}
          </li>
        ))}
      </ul>
    </nav>
  );
}

function FileNode({ row, path, isOpen }: { row: TreeRow; path: string; isOpen: boolean }) {
  const opened = useBundle();
  const findings = opened.validation?.findings.filter(({ file }) => file === path) ?? [];
  const isError = findings.some(({ severity }) => severity === "error");
  const change = opened.seen.changes.get(path);
  return (
    <Link href={placeIn(opened, { tab: "files", file: path })} className={styles.node} aria-current={isOpen ? "page" : undefined}>
      <Icon name="file" size={14} />
      <Name text={row.name} />
      {change !== undefined && <span className={styles[change]}>{changeWords[change].word}</span>}
      {findings.length > 0 && (
        <span className={isError ? styles.errors : styles.found} title={plural(findings.length, "finding")}>
          {findings.length}
          <span className="visually-hidden"> {findings.length === 1 ? "finding" : "findings"}</span>
        </span>
      )}
    </Link>
  );
}
