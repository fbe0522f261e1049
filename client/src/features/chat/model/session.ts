/**
 * One conversation being looked at: its history, loaded once, and the stream of its running turn, kept connected.
 * All state lives in one store; the events in it are folded by `reduce.ts`. React only subscribes.
 */
import { Problem, messageOf } from "@/api/problem";
import { readStream } from "@/api/stream";
import { type WireEvent, parseWireEvent } from "@/api/wire";
import { takeLine } from "@/shared/lib/lines";
import { Store } from "@/shared/lib/store";
import { backoffMs } from "@/shared/lib/backoff";
import { askedBy, reduceEvents } from "./reduce";
import { prepend, refresh } from "./pages";
import { MAIN_LANE, type Versions, cutBefore, noVersions, toldVersions, withVersion } from "./versions";
import { type ConversationView, emptyView } from "./view";

export interface SessionState {
  readonly phase: "loading" | "ready" | "failed" | "missing";
  /** Why the history could not be loaded. */
  readonly error: string | null;
  readonly view: ConversationView;
  /** The turn that runs or waits for the user. */
  readonly executionId: string | null;
  readonly connection: Connection;
  /** The turn whose stop was asked for. */
  readonly stopping: string | null;
  /** Where turns before the first one shown begin; `null`: there are none. */
  readonly earlier: number | null;
  readonly earlierPhase: "idle" | "loading" | "failed";
  /** The version of the conversation that is shown; `null`: the one that went on last. */
  readonly laneId: string | null;
  readonly versions: Versions;
}

export type Connection =
  | { readonly kind: "closed" }
  | { readonly kind: "connecting"; readonly attempt: number }
  | { readonly kind: "open" }
  | { readonly kind: "waiting"; readonly attempt: number; readonly reason: string };

export interface Snapshot {
  readonly events: readonly unknown[];
  readonly last_seq: number;
  readonly active_execution?: { readonly id: string } | null;
  /** What to ask for to get the turns before these; nothing when these are the first. */
  readonly earlier?: number | null;
  readonly lane_id?: string;
  readonly versions?: Parameters<typeof toldVersions>[0];
}

/** Which part of a conversation. */
interface Part {
  /** Turns before this place in the log; the newest without it. */
  readonly before?: number;
  /** Of this version; of the one that went on last without it. */
  readonly laneId: string | null;
}

export interface SessionPorts {
  load: (signal: AbortSignal, part: Part) => Promise<Snapshot>;
  /** Something happened that other views of the server's state may want to know. */
  onActivity: (activity: "tool" | "turn") => void;
  read?: typeof readStream;
  takeLine?: typeof takeLine;
}

const closed: Connection = { kind: "closed" };
const MAX_FRAME_DELAY_MS = 60;
/** Between two looks of who found no line free. */
const BRIEF_PAUSE_MS = 2_000;

export class Session {
  readonly store = new Store<SessionState>({
    phase: "loading",
    error: null,
    view: emptyView,
    executionId: null,
    connection: closed,
    stopping: null,
    earlier: null,
    earlierPhase: "idle",
    laneId: null,
    versions: noVersions,
  });
  readonly #ports: SessionPorts;
  #life = new AbortController();
  #watchers = 0;
  #loading: AbortController | null = null;
  /** The version that the user chose to see, until they say something. */
  #wanted: string | null = null;
  #stream: AbortController | null = null;
  #wake: (() => void) | null = null;
  #buffer: WireEvent[] = [];
  #flushTimer: ReturnType<typeof setTimeout> | null = null;
  #flushFrame: number | null = null;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
  }

  /** Loads the history and joins a running turn. Does nothing while a turn streams: nothing could be newer. */
  async load(): Promise<void> {
    if (this.#loading !== null || this.#stream !== null) return;
    const controller = new AbortController();
    this.#loading = controller;
    this.#patch({ error: null, ...(this.store.get().phase === "ready" ? {} : { phase: "loading" as const }) });
    try {
      const snapshot = await this.#ports.load(controller.signal, { laneId: this.#wanted });
      if (controller.signal.aborted) return;
      this.#loading = null;
      this.#adopt(snapshot);
    } catch (error) {
      if (controller.signal.aborted) return;
      this.#loading = null;
      const missing = error instanceof Problem && error.status === 404;
      if (missing) this.#patch({ phase: "missing", error: messageOf(error) });
      // What is already on screen stays there when only a refresh failed.
      else if (this.store.get().phase !== "ready") this.#patch({ phase: "failed", error: messageOf(error) });
    }
  }

  /** Somebody looks at it. When nobody does any more, its stream ends: connections are few. */
  watch(): () => void {
    this.#watchers += 1;
    return () => {
      this.#watchers -= 1;
      if (this.#watchers === 0) this.#rest();
    };
  }

  #rest(): void {
    this.#flush();
    this.#stream?.abort();
    this.#stream = null;
    this.#patch({ connection: closed });
  }

  /** Loads the turns before those that are shown. */
  async loadEarlier(): Promise<void> {
    const { earlier, earlierPhase, laneId } = this.store.get();
    if (earlier === null || earlierPhase === "loading") return;
    this.#patch({ earlierPhase: "loading" });
    const signal = this.#life.signal;
    try {
      const snapshot = await this.#ports.load(signal, { before: earlier, laneId });
      // A refresh may have replaced what this belongs before.
      if (signal.aborted || this.store.get().earlier !== earlier) return this.#patch({ earlierPhase: "idle" });
      const before = reduceEvents(emptyView, parsed(snapshot));
      const { view } = this.store.get();
      this.#patch({ view: prepend(before, view), earlier: snapshot.earlier ?? null, earlierPhase: "idle" });
    } catch {
      if (!signal.aborted) this.#patch({ earlierPhase: "failed" });
    }
  }

  /**
   * Somebody else says how far the conversation is: loads what is missing. `running` is the turn that runs by their
   * account; events of that one come by its stream.
   */
  heard(lastSeq: number | null, running: string | null): void {
    const { phase, view, executionId } = this.store.get();
    if (this.#watchers === 0 || phase !== "ready" || this.#loading !== null) return;
    const isNew = running === null ? lastSeq !== null && lastSeq > view.lastSeq : running !== executionId && this.#isUnknown(running);
    if (isNew && this.#stream === null) this.load().catch(() => undefined);
  }

  /** Shows another version of the conversation; `false` while a turn runs, which belongs to the one that is shown. */
  async show(laneId: string): Promise<boolean> {
    if (this.store.get().executionId !== null) return false;
    this.#loading?.abort();
    this.#loading = null;
    this.#wanted = laneId;
    await this.load();
    return true;
  }

  /** A turn was accepted by the server: show its message at once, in the place of another's if it was said so, and listen. */
  started(executionId: string, message: string, insteadOf: string | null = null): void {
    this.#loading?.abort();
    this.#loading = null;
    this.#wanted = null;
    if (insteadOf !== null) {
      const { view, versions, laneId } = this.store.get();
      this.#patch({ view: cutBefore(view, insteadOf), versions: withVersion(versions, laneId, insteadOf, executionId), laneId: null });
    }
    const at = new Date().toISOString();
    const event = { type: "conversation.created", seq: null, execution_id: executionId, at, conversation_id: "", message, settings: {} } as const;
    this.#patch({ phase: "ready", error: null, view: reduceEvents(this.store.get().view, [event]) });
    this.#follow(executionId);
  }

  stopRequested(executionId: string): void {
    this.#patch({ stopping: executionId });
  }

  stopFailed(): void {
    this.#patch({ stopping: null });
  }

  /** Tries a waiting connection now: the network came back, or the user asked. */
  reconnectNow(): void {
    this.#wake?.();
  }

  /** Somebody deleted the conversation. */
  removed(): void {
    this.close();
    this.#patch({ phase: "missing", executionId: null, stopping: null, view: emptyView, earlier: null, laneId: null, versions: noVersions });
  }

  close(): void {
    this.#life.abort();
    this.#life = new AbortController();
    this.#loading?.abort();
    this.#loading = null;
    this.#stream?.abort();
    this.#stream = null;
    this.#cancelFlush();
    this.#buffer = [];
    this.#patch({ connection: closed });
  }

  #adopt(snapshot: Snapshot): void {
    const folded = reduceEvents(emptyView, parsed(snapshot));
    const newest = { ...folded, lastSeq: Math.max(folded.lastSeq, snapshot.last_seq) };
    // Turns from before that were loaded already stay, where they meet these.
    const { view: shown, earlier, laneId } = this.store.get();
    const lane = snapshot.lane_id ?? null;
    const view = lane === laneId ? refresh(shown, newest) : newest;
    const kept = view.turns.length > newest.turns.length;
    this.#patch({
      phase: "ready",
      error: null,
      view,
      executionId: null,
      stopping: null,
      earlier: kept ? earlier : (snapshot.earlier ?? null),
      laneId: lane,
      versions: toldVersions(snapshot.versions),
    });
    if (snapshot.active_execution != null) this.#follow(snapshot.active_execution.id);
  }

  #follow(executionId: string): void {
    this.#stream?.abort();
    const controller = new AbortController();
    this.#stream = controller;
    this.#patch({ executionId });
    this.#keepConnected(executionId, controller.signal).catch(() => undefined);
  }

  async #keepConnected(executionId: string, signal: AbortSignal): Promise<void> {
    const read = this.#ports.read ?? readStream;
    const take = this.#ports.takeLine ?? takeLine;
    let failures = 0;
    while (!signal.aborted) {
      const line = await take("turn", signal);
      if (line === null || signal.aborted) return line?.leave();
      this.#patch({ connection: { kind: "connecting", attempt: failures } });
      let reason = "The connection was cut";
      let clean = false;
      try {
        await read({
          executionId,
          after: this.store.get().view.lastSeq,
          signal: line.signal,
          onOpen: () => {
            if (!line.signal.aborted) this.#patch({ connection: { kind: "open" } });
          },
          onFrame: (event) => {
            if (signal.aborted) return;
            failures = 0;
            if (event.type === "stream.reconnect") clean = true;
            this.#receive(event);
          },
        });
      } catch (error) {
        if (error instanceof Problem && error.status === 404 && !signal.aborted) {
          line.leave();
          return this.#lost();
        }
        if (error instanceof Problem && error.status >= 400) reason = messageOf(error);
      }
      line.leave();
      if (signal.aborted) return;
      this.#flush();
      if (this.#isFinished(executionId)) return this.#finish();
      if (clean) continue;
      // The connection was given up on purpose: nobody looks, or others need it.
      if (line.signal.aborted) {
        if (line.brief) await this.#pause(BRIEF_PAUSE_MS, signal);
        continue;
      }
      failures += 1;
      this.#patch({ connection: { kind: "waiting", attempt: failures, reason } });
      await this.#pause(backoffMs(failures, Math.random()), signal);
    }
  }

  /** Loads everything anew and goes on from there. */
  #catchUp(): void {
    this.#stream?.abort();
    this.#stream = null;
    this.#loading?.abort();
    this.#loading = null;
    this.load().catch(() => undefined);
  }

  /** The server does not know the execution: what the log says is what happened. */
  #lost(): void {
    this.#stream = null;
    this.#patch({ connection: closed, executionId: null, stopping: null });
    this.load().catch(() => undefined);
  }

  #finish(): void {
    this.#stream = null;
    this.#patch({ connection: closed, executionId: null, stopping: null });
    this.#ports.onActivity("turn");
  }

  #isUnknown(executionId: string): boolean {
    return this.store.get().view.turns.every((turn) => turn.executionId !== executionId);
  }

  #isFinished(executionId: string): boolean {
    const turn = this.store.get().view.turns.find((candidate) => candidate.executionId === executionId);
    return turn !== undefined && turn.status !== "running";
  }

  #receive(event: WireEvent): void {
    if (askedBy(event) !== null) {
      this.#buffer.push(event);
      return this.#scheduleFlush();
    }
    const { view, laneId: shownLane } = this.store.get();
    const laneId = event.lane?.id ?? MAIN_LANE;
    if (event.type === "conversation.created" && event.seq !== null) {
      // Another window's turn was between what is shown and this one, or this one goes on with another version.
      if (event.seq > view.lastSeq + 1 || (shownLane !== null && shownLane !== laneId)) return this.#catchUp();
    }
    // What the host says of the connection is of no lane.
    if (event.seq !== null && laneId !== shownLane) this.#patch({ laneId });
    this.#buffer.push(event);
    if (event.type === "tool_result") this.#ports.onActivity("tool");
    if (event.type === "stream.completed") {
      this.#flush();
      this.#stream?.abort();
      this.#finish();
    } else this.#scheduleFlush();
  }

  /** Events are shown once per frame, however many arrive; a hidden tab has no frames, so a timer stands behind. */
  #scheduleFlush(): void {
    if (this.#flushTimer !== null) return;
    this.#flushTimer = setTimeout(() => this.#flush(), MAX_FRAME_DELAY_MS);
    if (typeof requestAnimationFrame === "function") this.#flushFrame = requestAnimationFrame(() => this.#flush());
  }

  #flush(): void {
    this.#cancelFlush();
    if (this.#buffer.length === 0) return;
    const events = this.#buffer;
    this.#buffer = [];
    this.#patch({ view: reduceEvents(this.store.get().view, events) });
  }

  #cancelFlush(): void {
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    if (this.#flushFrame !== null) cancelAnimationFrame(this.#flushFrame);
    this.#flushTimer = null;
    this.#flushFrame = null;
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#wake = end;
      signal.addEventListener("abort", end, { once: true });
    });
    this.#wake = null;
  }

  #patch(change: Partial<SessionState>): void {
    this.store.update((state) => ({ ...state, ...change }));
  }
}

function parsed(snapshot: Snapshot): WireEvent[] {
  return snapshot.events.flatMap((raw) => parseWireEvent(raw) ?? []);
}
