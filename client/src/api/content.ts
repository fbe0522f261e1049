/** What the viewer reads of a file: bounded, however large the file is and whatever the answer says of its size. */
import { send } from "./http";

export interface Wanted {
  /** Read whole when it has no more bytes than this. */
  whole: number;
  /** Of a larger one: this much of its beginning, and of its end. */
  head: number;
  tail: number;
  /** As bytes, whatever they are: a picture. */
  bytes: boolean;
}

export type FileContent =
  | { kind: "text"; text: string; size: number }
  /** The beginning and, where the host sends ranges, the end of a text; whole lines. */
  | { kind: "cut"; head: string; tail: string; hidden: number | null; size: number | null }
  | { kind: "bytes"; bytes: Uint8Array<ArrayBuffer>; size: number }
  /** Not text, or too large for what was wanted. */
  | { kind: "other"; size: number | null };

export async function loadContent(url: string, wanted: Wanted, signal: AbortSignal): Promise<FileContent> {
  const response = await send(url, { signal, headers: { range: `bytes=0-${wanted.whole - 1}` } });
  const isText = (response.headers.get("content-type") ?? "").startsWith("text/");
  const stated = sizeOf(response);
  if (!isText && !wanted.bytes) {
    await response.body?.cancel();
    return { kind: "other", size: stated };
  }
  const { bytes, more } = await readUpTo(response, wanted.whole);
  const size = more ? stated : Math.max(bytes.length, stated ?? 0);
  const complete = !more && bytes.length === size;
  if (wanted.bytes) return complete ? { kind: "bytes", bytes, size } : { kind: "other", size };
  if (complete) return { kind: "text", text: decode(bytes), size };
  const head = wholeLines(decode(bytes.subarray(0, wanted.head)));
  const tail = response.status === 206 && size !== null ? await loadTail(url, wanted.tail, signal) : "";
  const hidden = size === null ? null : Math.max(0, size - byteLength(head) - byteLength(tail));
  return { kind: "cut", head, tail, hidden, size };
}

async function loadTail(url: string, length: number, signal: AbortSignal): Promise<string> {
  const response = await send(url, { signal, headers: { range: `bytes=-${length}` } });
  if (response.status !== 206) {
    await response.body?.cancel();
    return "";
  }
  const text = decode((await readUpTo(response, length)).bytes);
  // From the first whole line; the decoder's sign for half a character goes with the half line.
  return text.slice(text.indexOf("\n") + 1);
}

/** Of the whole file, as a range or the length says; a compressed answer says none. */
function sizeOf(response: Response): number | null {
  const range = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
  const length = response.status === 206 ? undefined : (response.headers.get("content-length") ?? undefined);
  const size = range ?? length;
  return size === undefined || !/^\d+$/.test(size) ? null : Number(size);
}

/** Never more than asked for, also from a host that sends everything. */
async function readUpTo(response: Response, limit: number): Promise<{ bytes: Uint8Array<ArrayBuffer>; more: boolean }> {
  if (response.body === null) return { bytes: new Uint8Array(), more: false };
  const reader = response.body.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length <= limit) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
  }
  const more = length > limit;
  if (more) reader.cancel().catch(() => undefined);
  const bytes = new Uint8Array(Math.min(length, limit));
  let at = 0;
  for (const part of parts) {
    bytes.set(part.subarray(0, bytes.length - at), at);
    at = Math.min(bytes.length, at + part.length);
  }
  return { bytes, more };
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Up to the last line break; all of it when there is none. */
function wholeLines(text: string): string {
  const end = text.lastIndexOf("\n") + 1;
  return end === 0 ? text.replace(/\uFFFD+$/, "") : text.slice(0, end);
}
