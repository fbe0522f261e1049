/**
 * What a bundle's files were when this window first showed them. The host keeps no older versions of a project's files, so
 * that is what the panel compares with, and says so.
 */
import * as v from "valibot";
import type { ProjectFile } from "@/api/types";
import { recall, remember } from "@/shared/lib/storage";
import { Store } from "@/shared/lib/store";

const file = v.object({ size: v.number(), modified: v.string(), text: v.nullable(v.string()) });
const seen = v.object({ at: v.string(), files: v.record(v.string(), file) });

export type Seen = v.InferOutput<typeof seen>;

/** Characters of all texts that are kept for one bundle: browsers keep a few million for a window. */
const MAX_KEPT_CHARS = 400_000;

const bundles = new Store<ReadonlyMap<string, Seen>>(new Map());

export const seenBundles = { subscribe: bundles.subscribe, get: bundles.get };

const keyOf = (projectId: string, folder: string): string => `bundle.${projectId}.${folder}`;

/** `null`: this window has not shown it before. */
export function seenOf(known: ReadonlyMap<string, Seen>, projectId: string, folder: string): Seen | null {
  const key = keyOf(projectId, folder);
  const here = known.get(key);
  if (here !== undefined) return here;
  try {
    const parsed = v.safeParse(seen, JSON.parse(recall("session", key) ?? "null"));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** From now on the files are compared with what they are. */
export function keepSeen(projectId: string, folder: string, made: Seen): void {
  const key = keyOf(projectId, folder);
  remember("session", key, JSON.stringify(made));
  bundles.update((all) => new Map(all).set(key, made));
}

export function makeSeen(files: readonly ProjectFile[], texts: ReadonlyMap<string, string>, at: string): Seen {
  let left = MAX_KEPT_CHARS;
  const kept = files.map(({ path, size, modified }) => {
    const text = texts.get(path) ?? null;
    const fits = text !== null && text.length <= left;
    if (fits) left -= text.length;
    return [path, { size, modified, text: fits ? text : null }] as const;
  });
  return { at, files: Object.fromEntries(kept) };
}

export type Change = "new" | "changed" | "gone";

/** What is otherwise than it was seen; files that were written again with the same text are not. */
export function changesOf(was: Seen | null, files: readonly ProjectFile[], texts: ReadonlyMap<string, string>): Map<string, Change> {
  const changes = new Map<string, Change>();
  if (was === null) return changes;
  for (const { path, size, modified } of files) {
    const before = Object.hasOwn(was.files, path) ? was.files[path] : undefined;
    const text = texts.get(path);
    if (before === undefined) changes.set(path, "new");
    else if (before.text !== null && text !== undefined ? before.text !== text : before.size !== size || before.modified !== modified)
      changes.set(path, "changed");
  }
  const now = new Set(files.map(({ path }) => path));
  for (const path of Object.keys(was.files)) if (!now.has(path)) changes.set(path, "gone");
  return changes;
}
