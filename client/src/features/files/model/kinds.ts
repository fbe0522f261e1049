/** How a file is looked at, by its name's ending. */
import type { Wanted } from "@/api/content";

const KB = 1_024;
const MB = 1_024 * KB;

const text: Wanted = { whole: MB, head: 256 * KB, tail: 64 * KB, bytes: false };
const notebook: Wanted = { ...text, whole: 8 * MB };
const picture: Wanted = { whole: 20 * MB, head: 0, tail: 0, bytes: true };

const pictures: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  bmp: "image/bmp",
  ico: "image/x-icon",
  svg: "image/svg+xml",
};

/** What else is no text, in words. */
const others: Readonly<Record<string, string>> = {
  parquet: "a Parquet file; ask the agent to read it as a table",
  avro: "an Avro file; ask the agent to read it as a table",
  orc: "an ORC file; ask the agent to read it as a table",
  xlsx: "a spreadsheet; download it to open it",
  pdf: "a PDF; download it to read it",
  zip: "an archive; download it to look inside",
  gz: "a compressed file; download it to look inside",
};

export function extensionOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? "" : name.slice(dot + 1).toLowerCase();
}

/** The type of a picture; `null`: it is none. */
export function pictureType(path: string): string | null {
  return pictures[extensionOf(path)] ?? null;
}

export function wantedOf(path: string): Wanted {
  if (pictureType(path) !== null) return picture;
  return extensionOf(path) === "ipynb" ? notebook : text;
}

export function otherWords(path: string): string {
  return others[extensionOf(path)] ?? "not text; download it to look inside";
}
