/** The tree that a bundle's parts are picked from: a list of rows, as the keyboard walks over them. */
import type { Picks } from "../api/tools";

export type PickKind = keyof Picks;

/** Something that a bundle can be made of. */
export interface Pick {
  readonly kind: PickKind;
  /** A number, an id or a path. */
  readonly id: string;
  readonly name: string;
}

/** What is known of what is inside a row. */
export type Inside =
  | { readonly state: "loading" }
  | { readonly state: "failed"; readonly message: string }
  | { readonly state: "here"; readonly entries: readonly Entry[]; readonly more: boolean };

export interface Entry {
  readonly name: string;
  /** Said beside the name. */
  readonly meta: string;
  /** `null`: a bundle cannot be made of it. */
  readonly pick: Pick | null;
  /** The folder that it is; `null`: nothing is inside. */
  readonly folder: string | null;
}

export interface PickRow {
  /** Unique among the rows. */
  readonly key: string;
  readonly parent: string | null;
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  readonly name: string;
  readonly meta: string;
  readonly pick: Pick | null;
  /** `null`: it has no inside. */
  readonly open: boolean | null;
  /** The folder of the workspace that it is. */
  readonly folder: string | null;
  /** `covered`: a folder that it is in is picked. */
  readonly picked: "yes" | "no" | "covered";
  /** Stands for what is not there: it loads, it failed, there is more than is listed. */
  readonly note: "loading" | "failed" | "more" | "nothing" | null;
}

export interface Group {
  readonly key: string;
  readonly name: string;
  readonly inside: Inside;
}

interface Shown {
  /** Rows that are open, by their keys. */
  readonly open: ReadonlySet<string>;
  readonly picks: readonly Pick[];
  /** Lower case; folders that are open stay, so that the way to what is inside is seen. */
  readonly filter: string;
  /** What is in a folder. */
  readonly insideOf: (folder: string) => Inside;
}

export function pickRows(groups: readonly Group[], shown: Shown): PickRow[] {
  return groups.flatMap(({ key, name, inside }, at) => {
    const open = shown.open.has(key);
    const row: PickRow = {
      key,
      parent: null,
      level: 1,
      position: at + 1,
      siblings: groups.length,
      name,
      meta: countOf(inside),
      pick: null,
      open,
      folder: null,
      picked: "no",
      note: null,
    };
    return open ? [row, ...rowsInside(row, inside, false, shown)] : [row];
  });
}

function countOf(inside: Inside): string {
  return inside.state === "here" ? `${inside.entries.length}${inside.more ? "+" : ""}` : "";
}

function rowsInside(parent: PickRow, inside: Inside, covered: boolean, shown: Shown): PickRow[] {
  const note = (kind: Exclude<PickRow["note"], null>, name: string, at = { position: 1, siblings: 1 }): PickRow => ({
    ...at,
    key: `${parent.key} ${kind}`,
    parent: parent.key,
    level: parent.level + 1,
    name,
    meta: "",
    pick: null,
    open: null,
    folder: null,
    picked: "no",
    note: kind,
  });
  if (inside.state === "loading") return [note("loading", "Loading…")];
  if (inside.state === "failed") return [note("failed", `${inside.message} Press to try again.`)];
  const keyOf = (entry: Entry): string => `${parent.key} ${entry.pick?.id ?? entry.name}`;
  const entries = inside.entries.filter((entry) => shown.filter === "" || entry.name.toLowerCase().includes(shown.filter) || shown.open.has(keyOf(entry)));
  if (entries.length === 0) return [note("nothing", inside.entries.length === 0 ? "Nothing here" : "Nothing here matches")];
  const siblings = entries.length + (inside.more ? 1 : 0);
  const rows: PickRow[] = [];
  entries.forEach((entry, at) => {
    const isPicked = entry.pick !== null && shown.picks.some((pick) => isSame(pick, entry.pick));
    const open = entry.folder === null ? null : shown.open.has(keyOf(entry));
    const row: PickRow = {
      key: keyOf(entry),
      parent: parent.key,
      level: parent.level + 1,
      position: at + 1,
      siblings,
      name: entry.name,
      meta: entry.meta,
      pick: entry.pick,
      open,
      folder: entry.folder,
      picked: covered ? "covered" : isPicked ? "yes" : "no",
      note: null,
    };
    rows.push(row);
    if (open === true && entry.folder !== null) rows.push(...rowsInside(row, shown.insideOf(entry.folder), covered || isPicked, shown));
  });
  if (inside.more) rows.push(note("more", "There are more; write a part of the name above to find them.", { position: siblings, siblings }));
  return rows;
}

function isSame(a: Pick, b: Pick | null): boolean {
  return b !== null && a.kind === b.kind && a.id === b.id;
}

/** With one more, or without it. What is in a folder that is picked goes with the folder. */
export function toggled(picks: readonly Pick[], pick: Pick): Pick[] {
  const left = picks.filter((other) => !isSame(other, pick));
  if (left.length < picks.length) return left;
  const inIt = (other: Pick): boolean => pick.kind === "folders" && (other.kind === "files" || other.kind === "folders") && other.id.startsWith(`${pick.id}/`);
  return [...left.filter((other) => !inIt(other)), pick];
}

/** As the tools take them. */
export function asPicks(picks: readonly Pick[]): Picks {
  const ids = (kind: PickKind): string[] => picks.filter((pick) => pick.kind === kind).map(({ id }) => id);
  return { jobs: ids("jobs").map(Number), pipelines: ids("pipelines"), files: ids("files"), folders: ids("folders") };
}

/** Folders that a workspace stands on; nobody means all that is in them. */
const NOT_WHOLE = new Set(["/", "/Users", "/Repos", "/Workspace", "/Shared"]);
const PROGRAM = /\.(?:py|sql|ipynb|scala|r)$/i;

const languages: Readonly<Record<string, string>> = { PYTHON: "Python", SQL: "SQL", SCALA: "Scala", R: "R" };

/** An object of the workspace as an entry. */
export function entryOf({ path, object_type: type, language }: { path: string; object_type: string; language: string | null }): Entry {
  const name = path.slice(path.lastIndexOf("/") + 1);
  switch (type) {
    case "DIRECTORY":
    case "REPO":
      return { name, meta: "", pick: NOT_WHOLE.has(path) ? null : { kind: "folders", id: path, name: path }, folder: path };
    case "NOTEBOOK":
      return { name, meta: language === null ? "notebook" : (languages[language] ?? language), pick: { kind: "files", id: path, name: path }, folder: null };
    case "FILE":
      return { name, meta: "file", pick: PROGRAM.test(name) ? { kind: "files", id: path, name: path } : null, folder: null };
    default:
      return { name, meta: type.toLowerCase(), pick: null, folder: null };
  }
}
