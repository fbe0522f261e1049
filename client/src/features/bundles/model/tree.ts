/** The files of a bundle as the rows of a tree. */
export type TreeRow =
  | { readonly kind: "folder"; readonly path: string; readonly name: string; readonly depth: number; readonly open: boolean }
  | { readonly kind: "file"; readonly path: string; readonly name: string; readonly depth: number };

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** Folders first, all by name. `isOpen`: whether what is in a folder is shown. */
export function treeRows(paths: readonly string[], isOpen: (folder: string) => boolean): TreeRow[] {
  return rowsOf(paths, "", 0, isOpen);
}

function rowsOf(paths: readonly string[], folder: string, depth: number, isOpen: (folder: string) => boolean): TreeRow[] {
  const start = folder === "" ? 0 : folder.length + 1;
  const folders = new Map<string, string[]>();
  const files: string[] = [];
  for (const path of paths) {
    const slash = path.indexOf("/", start);
    if (slash === -1) files.push(path);
    else {
      const inner = path.slice(0, slash);
      folders.set(inner, [...(folders.get(inner) ?? []), path]);
    }
  }
  const rows: TreeRow[] = [];
  for (const [path, inside] of [...folders].toSorted(([a], [b]) => collator.compare(a, b))) {
    const open = isOpen(path);
    rows.push({ kind: "folder", path, name: path.slice(start), depth, open });
    if (open) rows.push(...rowsOf(inside, path, depth + 1, isOpen));
  }
  for (const path of files.toSorted(collator.compare)) rows.push({ kind: "file", path, name: path.slice(start), depth });
  return rows;
}
