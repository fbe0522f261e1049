import { queryOptions } from "@tanstack/react-query";
import { type FileContent, type Wanted, loadContent } from "@/api/content";
import { fileUrl } from "@/api/files";
import { keys } from "@/api/keys";
import type { ProjectFile } from "@/api/types";

const KB = 1_024;

/** Files up to this are compared with what they were, and read for targets and tasks. */
const MAX_COMPARED_BYTES = 64 * KB;
/** Of a bundle with more files than this, the first are compared. */
const MAX_COMPARED_FILES = 80;

/** What the viewer reads of a file. */
const shownPart: Wanted = { whole: 1_024 * KB, head: 256 * KB, tail: 64 * KB, bytes: false };
const comparedPart: Wanted = { whole: MAX_COMPARED_BYTES, head: 0, tail: 0, bytes: false };

const TEXT = /\.(?:ya?ml|json|toml|py|sql|scala|r|md|txt|sh|cfg|ini|ipynb|lvdash)$/i;
const YAML = /\.(?:ya?ml|json)$/i;

/** The files whose texts are read with the bundle; those that say what it is come first. */
export function comparedFiles(files: readonly ProjectFile[]): ProjectFile[] {
  const texts = files.filter(({ path, size }) => TEXT.test(path) && size <= MAX_COMPARED_BYTES);
  return [...texts.filter(({ path }) => YAML.test(path)), ...texts.filter(({ path }) => !YAML.test(path))].slice(0, MAX_COMPARED_FILES);
}

type Version = Pick<ProjectFile, "path" | "modified" | "size">;

/** A file as it is now: another one when it was changed. */
const versionQuery = (projectId: string, { path, modified, size }: Version, wanted: Wanted) =>
  queryOptions({
    queryKey: [...keys.file(projectId, path), wanted, modified, size],
    queryFn: ({ signal }): Promise<FileContent> => loadContent(fileUrl(projectId, path), wanted, signal),
    staleTime: Infinity,
  });

export const textQuery = (projectId: string, file: Version) => versionQuery(projectId, file, comparedPart);
export const shownQuery = (projectId: string, file: Version) => versionQuery(projectId, file, shownPart);
