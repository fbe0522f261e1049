/**
 * One conversation being looked at: its history, loaded once, and the stream of its running turn, kept connected.
 * All state lives in one store; the events in it are folded by `reduce.ts`. React only subscribes.
 */
import { Problem, messageOf } from "@/api/problem";
import { readStream } from "@/api/stream";
import { type WireEvent, parseWireEvent } from "@/api/wire";
import { Store } from "@/shared/lib/store";
import { backoffMs } from "./backoff";
import { reduceEvents } from "./reduce";
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
}

export interface SessionPorts {
  load: (signal: AbortSignal) => Promise<Snapshot>;
  /** Something happened that other views of the server's state may want to know. */
  onActivity: (activity: "tool" | "turn") => void;
  read?: typeof readStream;
}

const closed: Connection = { kind: "closed" };
const MAX_FRAME_DELAY_MS = 60;

export class Session {
  readonly store = new Store<SessionState>({
    phase: "loading",
    error: null,
    view: emptyView,
    executionId: null,
    connection: closed,
    stopping: null,
  });
  readonly #ports: SessionPorts;
  #loading: AbortController | null = null;
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
      const snapshot = await this.#ports.load(controller.signal);
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

  /** A turn was accepted by the server: show its message at once and listen. */
  started(executionId: string, message: string): void {
    this.#loading?.abort();
    this.#loading = null;
    const event = parseWireEvent({ type: "conversation.created", execution_id: executionId, message, at: new Date().toISOString() });
    this.#patch({ phase: "ready", error: null, ...(event === null ? {} : { view: reduceEvents(this.store.get().view, [event]) }) });
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

  close(): void {
    this.#loading?.abort();
    this.#loading = null;
    this.#stream?.abort();
    this.#stream = null;
    this.#cancelFlush();
    this.#buffer = [];
    this.#patch({ connection: closed });
  }

  #adopt(snapshot: Snapshot): void {
    const events = snapshot.events.flatMap((raw) => parseWireEvent(raw) ?? []);
    const folded = reduceEvents(emptyView, events);
    const view = { ...folded, lastSeq: Math.max(folded.lastSeq, snapshot.last_seq) };
    this.#patch({ phase: "ready", error: null, view, executionId: null, stopping: null });
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
    let failures = 0;
    while (!signal.aborted) {
      this.#patch({ connection: { kind: "connecting", attempt: failures } });
      let reason = "The connection was cut";
      let clean = false;
      try {
        await read({
          executionId,
          after: this.store.get().view.lastSeq,
          signal,
          onOpen: () => {
            if (!signal.aborted) this.#patch({ connection: { kind: "open" } });
          },
          onFrame: (event) => {
            if (signal.aborted) return;
            failures = 0;
            if (event.type === "stream.reconnect") clean = true;
            this.#receive(event, executionId);
          },
        });
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Problem && error.status === 404) return this.#lost();
        if (error instanceof Problem && error.status >= 400) reason = messageOf(error);
      }
      if (signal.aborted) return;
      this.#flush();
      if (this.#isFinished(executionId)) return this.#finish();
      if (clean) continue;
      failures += 1;
      this.#patch({ connection: { kind: "waiting", attempt: failures, reason } });
      await this.#pause(backoffMs(failures, Math.random()), signal);
    }
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

  #isFinished(executionId: string): boolean {
    const turn = this.store.get().view.turns.find((candidate) => candidate.executionId === executionId);
    return turn !== undefined && turn.status !== "running";
  }

  #receive(event: WireEvent, executionId: string): void {
    this.#buffer.push(event.execution_id === null ? { ...event, execution_id: executionId } : event);
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
