/**
 * Events as they come over the wire, in a conversation's history and in its stream alike.
 * They are checked here once, by parsers made from the host's API document; what does not fit is dropped (`null`)
 * rather than trusted. A newer host may send event types that this client does not know: they are no error.
 */
import * as v from "valibot";
import { type WireEvent, wireEvent } from "./events";

export type { WireEvent };

/** Checks one event. `null`: not an event, or of a type that this version does not know. */
export function parseWireEvent(raw: unknown): WireEvent | null {
  const parsed = v.safeParse(wireEvent, raw);
  return parsed.success ? parsed.output : null;
}

/** Checks the JSON text of one frame. Its `seq` is set by whoever knows the frame's id. */
export function parseFrame(data: string): WireEvent | null {
  try {
    return parseWireEvent(JSON.parse(data));
  } catch {
    return null;
  }
}
