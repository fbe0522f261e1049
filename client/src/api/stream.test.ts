import { afterEach, describe, expect, it, vi } from "vitest";
import { readStream } from "./stream";
import { sent } from "./testing/events";
import type { WireEvent } from "./wire";

afterEach(() => vi.unstubAllGlobals());

/** Serves the text in pieces of the given size. */
function serve(text: string, size: number): void {
  const bytes = new TextEncoder().encode(text);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(body)));
}

async function read(): Promise<WireEvent[]> {
  const events: WireEvent[] = [];
  await readStream({ executionId: "x", after: 0, signal: new AbortController().signal, onOpen: () => undefined, onFrame: (event) => events.push(event) });
  return events;
}

const frame = (id: number | null, value: object): string => `${id === null ? "" : `id: ${id}\n`}data: ${JSON.stringify(sent(value))}\n\n`;
const script =
  "retry: 1000\n\n: keep-alive\n\n" +
  frame(null, { type: "text_delta", step: 0, block: 0, offset: 0, text: "Brick 🧱" }) +
  frame(null, { type: "thinking", seq: 4, step: 0, block: 0, thinking: "Hm" }) +
  frame(4, { type: "text", seq: 4, step: 0, block: 1, text: "ü" }) +
  frame(5, { type: "unheard.of", seq: 5 }) +
  "data: [DONE]\n\n";

describe("a stream", () => {
  it("gives the same events however it is cut", async () => {
    for (const size of [1, 2, 3, 7, 64, 10_000]) {
      serve(script, size);
      const events = await read();
      expect(events.map((event) => event.type)).toEqual(["text_delta", "thinking", "text"]);
      expect(events[0]).toMatchObject({ text: "Brick 🧱" });
    }
  });

  it("counts an event as seen only by a frame's id", async () => {
    serve(script, 50);
    expect((await read()).map((event) => event.seq)).toEqual([null, null, 4]);
  });

  it("throws the server's problem", async () => {
    const body = { type: "https://bricklayer.dev/problems/not-found", title: "Not found", detail: "There is no such turn." };
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(body), { status: 404 })));
    await expect(read()).rejects.toMatchObject({ status: 404, code: "not-found", message: "There is no such turn." });
  });
});
