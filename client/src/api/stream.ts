/**
 * One connection to an event stream: frames in order until the server closes it. No retry here; whoever listens
 * decides when to connect again and from where.
 */
import { type EventSourceMessage, createParser } from "eventsource-parser";
import { send } from "./http";
import { type WireEvent, parseFrame } from "./wire";

/** The server speaks at least every 15 s; a connection silent for longer than two of those is dead. */
const SILENCE_LIMIT_MS = 35_000;

export interface StreamOptions {
  executionId: string;
  /** The last stored event already seen; 0 for none. */
  after: number;
  signal: AbortSignal;
  onOpen: () => void;
  onFrame: (event: WireEvent) => void;
}

/** Resolves when the server ends the connection; rejects with a `Problem` or a network error. */
export async function readStream({ executionId, after, signal, onOpen, onFrame }: StreamOptions): Promise<void> {
  const path = `/api/stream_progress/${encodeURIComponent(executionId)}?after=${after}`;
  await readFrames(path, { signal, onOpen, headers: { "last-event-id": String(after) } }, ({ data, id }) => {
    const event = parseFrame(data);
    if (event !== null) onFrame(withSeq(event, id));
  });
}

interface ReadOptions {
  signal: AbortSignal;
  onOpen: () => void;
  headers?: Record<string, string>;
}

/** Reads an event stream frame by frame until the server ends it. */
export async function readFrames(path: string, { signal, onOpen, headers }: ReadOptions, onFrame: (frame: EventSourceMessage) => void): Promise<void> {
  const response = await send(path, { signal, headers: { accept: "text/event-stream", ...headers } });
  if (response.body === null) return;
  onOpen();
  const parser = createParser({ onEvent: onFrame });
  const reader = response.body.pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>).getReader();
  try {
    for (;;) {
      const chunk = await withSilenceLimit(reader.read());
      if (chunk.done) return;
      parser.feed(chunk.value);
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/**
 * Only a frame's `id` says that its event was seen whole: one stored event may come as several frames, of which the
 * last alone carries the id. Continuing after a sequence number read from an earlier one would lose the rest.
 */
function withSeq(event: WireEvent, id: string | undefined): WireEvent {
  return { ...event, seq: id !== undefined && /^\d+$/.test(id) ? Number(id) : null };
}

async function withSilenceLimit<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the connection went silent")), SILENCE_LIMIT_MS);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}
