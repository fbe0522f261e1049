/**
 * What happens in a project's conversations, as it happens: one stream while the window is looked at, connected again
 * when it is cut. Who listens also asks for the whole list now and then, so a lost frame is only late.
 */
import * as v from "valibot";
import { Problem } from "@/api/problem";
import { readFrames } from "@/api/stream";
import { backoffMs } from "@/shared/lib/backoff";
import { takeLine } from "@/shared/lib/lines";
import type { Summary } from "./status";

export type Change = { readonly kind: "changed"; readonly summary: Summary } | { readonly kind: "deleted"; readonly id: string };

const frame = v.looseObject({ id: v.string(), project_id: v.string(), deleted: v.optional(v.boolean(), false) });

/** Checks one frame. `null`: it says nothing of a conversation. */
export function parseChange(data: string): Change | null {
  try {
    const parsed = v.safeParse(frame, JSON.parse(data));
    if (!parsed.success) return null;
    const { deleted, ...summary } = parsed.output;
    return deleted ? { kind: "deleted", id: summary.id } : { kind: "changed", summary: summary as unknown as Summary };
  } catch {
    return null;
  }
}

/** A list with the change in it, the newest first, as the host gives it. */
export function applyChange(list: readonly Summary[], change: Change): Summary[] {
  const id = change.kind === "deleted" ? change.id : change.summary.id;
  const others = list.filter((conversation) => conversation.id !== id);
  if (change.kind === "deleted") return others;
  return [...others, change.summary].toSorted((a, b) => Date.parse(b.updated_at) - Date.parse(a.updated_at));
}

interface Listener {
  onChange: (change: Change) => void;
  /** Connected: what happened before is not told. */
  onOpen: () => void;
}

/** Between two attempts while another window of this browser listens in this one's place. */
const NO_LINE_PAUSE_MS = 15_000;

/** After a stream that ended as it should. */
const PAUSE_MS = 500;

export async function followChanges(projectId: string, { onChange, onOpen }: Listener, signal: AbortSignal): Promise<void> {
  const path = `/api/projects/${encodeURIComponent(projectId)}/changes`;
  let failures = 0;
  while (!signal.aborted) {
    const line = await takeLine("changes", signal);
    if (line === null) return;
    if (line.brief) {
      line.leave();
      await pause(NO_LINE_PAUSE_MS, signal);
      continue;
    }
    try {
      await readFrames(path, { signal: line.signal, onOpen }, ({ data }) => {
        failures = 0;
        const change = parseChange(data);
        if (change !== null) onChange(change);
      });
    } catch (error) {
      // A host that has no such stream, or a project that is gone.
      if (error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429) {
        line.leave();
        return;
      }
      if (!line.signal.aborted) failures += 1;
    }
    line.leave();
    if (!line.signal.aborted) await pause(failures === 0 ? PAUSE_MS : backoffMs(failures, Math.random()), signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
