/** The rows of a list of files: as a tree by name, or flat in another order. */
import type { ProjectFile } from "@/api/types";

export type FileOrder = "name" | "newest" | "largest";

export type FileRow =
  | { kind: "folder"; path: string; name: string; depth: number; open: boolean; files: number }
  /** `flat`: no rows above it tell its folder. */
  | { kind: "file"; file: ProjectFile; depth: number; flat: boolean };

interface Folder {
  path: string;
  name: string;
  folders: Map<string, Folder>;
  files: ProjectFile[];
  /** With those of the folders inside. */
  count: number;
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

export interface FileView {
  filter: string;
  order: FileOrder;
  /** Folders that are closed. */
  closed: ReadonlySet<string>;
}

export function fileRows(files: readonly ProjectFile[], { filter, order, closed }: FileView): FileRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = files.filter((file) => words.every((word) => file.path.toLowerCase().includes(word)));
  if (order === "name" && words.length === 0) return rowsOf(treeOf(found), closed, 0);
  return found.toSorted(orders[order]).map((file) => ({ kind: "file", file, depth: 0, flat: true }));
}

const orders: Readonly<Record<FileOrder, (a: ProjectFile, b: ProjectFile) => number>> = {
  name: (a, b) => collator.compare(a.path, b.path),
  newest: (a, b) => Date.parse(b.modified) - Date.parse(a.modified),
  largest: (a, b) => b.size - a.size,
};

function treeOf(files: readonly ProjectFile[]): Folder {
  const root: Folder = { path: "", name: "", folders: new Map(), files: [], count: 0 };
  for (const file of files) {
    let folder = root;
    for (const name of file.path.split("/").slice(0, -1)) {
      const path = folder === root ? name : `${folder.path}/${name}`;
      const inner = folder.folders.get(name) ?? { path, name, folders: new Map(), files: [], count: 0 };
      folder.folders.set(name, inner);
      inner.count += 1;
      folder = inner;
    }
    folder.files.push(file);
  }
  return root;
}

function rowsOf(folder: Folder, closed: ReadonlySet<string>, depth: number): FileRow[] {
  const rows: FileRow[] = [];
  for (const inner of [...folder.folders.values()].toSorted((a, b) => collator.compare(a.name, b.name))) {
    const open = !closed.has(inner.path);
    rows.push({ kind: "folder", path: inner.path, name: inner.name, depth, open, files: inner.count });
    if (open) rows.push(...rowsOf(inner, closed, depth + 1));
  }
  for (const file of folder.files.toSorted((a, b) => collator.compare(a.name, b.name))) rows.push({ kind: "file", file, depth, flat: false });
  return rows;
}
