/** The bundles of a project: folders with a file that begins one. */
import type { ProjectFile } from "@/api/types";

export interface Bundle {
  /** From the project's folder; empty for that itself. */
  readonly folder: string;
  /** The last part of its folder. */
  readonly name: string;
  /** The file that begins it. */
  readonly root: string;
  readonly files: readonly ProjectFile[];
  /** When a file of it last changed. */
  readonly modified: string;
}

const ROOT = /^(?:databricks|bundle)\.ya?ml$/;

/** The bundles among the files, the one that changed last first. What a deploy keeps for itself is no file of it. */
export function bundlesOf(files: readonly ProjectFile[]): Bundle[] {
  const kept = files.filter(({ path }) => !/(?:^|\/)\.databricks\//.test(path));
  const roots = kept.filter(({ path }) => ROOT.test(path.slice(path.lastIndexOf("/") + 1)));
  const folders = new Map(roots.map(({ path }) => [path.slice(0, Math.max(0, path.lastIndexOf("/"))), path]));
  return [...folders]
    .map(([folder, root]) => bundleOf(folder, root, kept))
    .toSorted((a, b) => Date.parse(b.modified) - Date.parse(a.modified) || a.folder.localeCompare(b.folder));
}

function bundleOf(folder: string, root: string, files: readonly ProjectFile[]): Bundle {
  const own = folder === "" ? files : files.filter(({ path }) => path.startsWith(`${folder}/`));
  const modified = own.reduce((newest, file) => (Date.parse(file.modified) > Date.parse(newest) ? file.modified : newest), own[0]?.modified ?? "");
  return { folder, name: folder.slice(folder.lastIndexOf("/") + 1), root, files: own, modified };
}

/** Tells these files from what they were and will be. */
export function standOf({ files }: Bundle): string {
  return files.map(({ path, size, modified }) => `${path} ${size} ${modified}`).join("\n");
}

/** A path as the bundle has it. */
export function insidePath(folder: string, path: string): string {
  return folder !== "" && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}
