/**
 * The one place where events become what is shown; the same for history and live.
 *
 * Invariants, which the tests shuffle for: applying an event twice, or a whole prefix again, changes nothing; previews
 * (events without a sequence number) never undo what a stored event said; a turn ends once.
 */
import type { WireEvent } from "@/api/wire";
import { applyDeltas } from "./delta";
import type { ConversationView, Item, ProseItem, ToolItem, ToolStatus, TurnView } from "./view";

export function reduceEvents(view: ConversationView, events: Iterable<WireEvent>): ConversationView {
  let next = view;
  for (const event of events) next = reduceEvent(next, event);
  return next;
}

export function reduceEvent(view: ConversationView, event: WireEvent): ConversationView {
  // Events of one sequence number may come as several frames, so an equal number is let through; each is idempotent.
  if (event.seq !== null && event.seq < view.lastSeq) return view;
  const lastSeq = event.seq ?? view.lastSeq;
  const executionId = event.execution_id ?? view.turns.at(-1)?.executionId;
  if (executionId === undefined || isTransport(event)) return lastSeq === view.lastSeq ? view : { ...view, lastSeq };

  const index = view.turns.findLastIndex((turn) => turn.executionId === executionId);
  const before = view.turns[index] ?? newTurn(executionId);
  const after = reduceTurn(before, event);
  if (after === before && index !== -1) return lastSeq === view.lastSeq ? view : { ...view, lastSeq };
  const turns = index === -1 ? [...view.turns, after] : view.turns.with(index, after);
  return { turns, lastSeq };
}

function isTransport(event: WireEvent): boolean {
  return event.type === "keepalive" || event.type === "stream.reconnect";
}

function newTurn(executionId: string): TurnView {
  return {
    executionId,
    message: "",
    at: null,
    settings: null,
    status: "running",
    model: null,
    step: 0,
    items: [],
    retry: null,
    error: null,
    summary: null,
  };
}

function reduceTurn(turn: TurnView, event: WireEvent): TurnView {
  switch (event.type) {
    case "conversation.created":
      return { ...turn, message: event.message, at: event.at ?? turn.at, settings: event.settings ?? null };
    case "system":
      return {
        ...turn,
        step: event.data?.step ?? turn.step,
        model: event.data?.model ?? turn.model,
        retry: null,
      };
    case "text_delta":
      return proseDelta(turn, "text", event);
    case "thinking_delta":
      return proseDelta(turn, "thinking", event);
    case "text":
      return proseFinal(turn, "text", event, event.text, event.aborted);
    case "thinking":
      return proseFinal(turn, "thinking", event, event.thinking, false);
    case "step.discarded":
      return { ...turn, items: withoutDrafts(turn.items, event.step) };
    case "model.retry":
      return {
        ...turn,
        items: withoutDrafts(turn.items, event.step),
        retry: { attempt: event.attempt, delayMs: event.delay_ms, reason: event.reason },
      };
    case "tool_use":
      return withTool(
        { ...turn, retry: null },
        event.tool_id,
        event.step,
        (tool) => ({
          ...tool,
          name: event.tool_name,
          input: event.tool_input ?? tool.input,
        }),
        event.at,
      );
    case "approval.requested":
      return withTool(turn, event.tool_id, turn.step, (tool) => ({
        ...tool,
        name: event.tool_name,
        input: event.tool_input ?? tool.input,
        status: later(tool.status, "waiting"),
        approval: tool.approval ?? { reason: event.reason, decision: null },
      }));
    case "approval.answered":
      return withTool(turn, event.tool_id, turn.step, (tool) => ({
        ...tool,
        status: later(tool.status, "answered"),
        approval: { reason: tool.approval?.reason ?? "", decision: tool.approval?.decision ?? event.decision },
      }));
    case "tool_started":
      return withTool(turn, event.tool_id, turn.step, (tool) => ({
        ...tool,
        status: later(tool.status, "running"),
        startedAt: tool.startedAt ?? event.at,
      }));
    case "tool_progress":
      return withTool(turn, event.tool_id, turn.step, (tool) =>
        tool.result === null
          ? {
              ...tool,
              status: later(tool.status, "running"),
              startedAt: tool.startedAt ?? event.at,
              progress: { message: event.message, done: event.done ?? null, total: event.total ?? null },
            }
          : tool,
      );
    case "tool_result":
      return withTool(turn, event.tool_use_id, turn.step, (tool) => ({
        ...tool,
        name: tool.name === "" ? event.tool_name : tool.name,
        status: event.is_error ? "failed" : "succeeded",
        result: {
          content: event.content,
          isError: event.is_error,
          errorKind: event.error_kind ?? null,
          denied: event.denied ?? null,
          remedy: event.remedy ?? null,
          retryAfterSeconds: event.retry_after_seconds ?? null,
          structured: event.structured ?? null,
          durationMs: event.duration_ms ?? null,
        },
      }));
    case "result":
      return {
        ...turn,
        retry: null,
        summary: {
          steps: event.num_turns,
          durationMs: event.duration_ms,
          inputTokens: (event.usage?.input_tokens ?? 0) + (event.usage?.cache_creation_input_tokens ?? 0) + (event.usage?.cache_read_input_tokens ?? 0),
          outputTokens: event.usage?.output_tokens ?? 0,
        },
      };
    case "error":
      return { ...turn, retry: null, error: { message: event.error, code: event.code } };
    case "cancelled":
      return finished(turn, "cancelled");
    case "stream.completed":
      return finished(turn, event.is_cancelled ? "cancelled" : event.is_error ? "failed" : "completed");
    case "keepalive":
    case "stream.reconnect":
      return turn;
    default:
      return event satisfies never;
  }
}

function finished(turn: TurnView, status: TurnView["status"]): TurnView {
  const items = turn.items.map((item): Item => {
    if (item.kind === "tool") return item.result === null ? { ...item, status: "stopped" } : item;
    return item.final ? item : { ...item, final: true, early: [] };
  });
  return { ...turn, status, items, retry: null };
}

// ---- Prose: text and thinking ----

type Place = { step: number; block: number; at: string | null };

function proseDelta(turn: TurnView, kind: ProseItem["kind"], event: Place & { offset: number; text: string }): TurnView {
  if (turn.status !== "running") return turn;
  const key = `${event.step}.${event.block}`;
  const existing = turn.items.find((item): item is ProseItem => item.kind !== "tool" && item.key === key);
  if (existing?.final === true) return turn;
  const before = existing ?? newProse(kind, event);
  const { text, early } = applyDeltas(before.text, before.early, event);
  if (existing !== undefined && text === before.text && early.length === before.early.length) return turn;
  const items = endThinking(turn.items, key, event.at);
  return { ...turn, retry: null, items: placed(items, { ...before, text, early }) };
}

function proseFinal(turn: TurnView, kind: ProseItem["kind"], event: Place, text: string, aborted: boolean): TurnView {
  const key = `${event.step}.${event.block}`;
  const existing = turn.items.find((item): item is ProseItem => item.kind !== "tool" && item.key === key);
  const before = existing ?? { ...newProse(kind, event), startedAt: null };
  const items = endThinking(turn.items, key, event.at);
  const endedAt = before.endedAt ?? (before.startedAt === null ? null : event.at);
  return { ...turn, retry: null, items: placed(items, { ...before, kind, text, aborted, endedAt, final: true, early: [] }) };
}

function newProse(kind: ProseItem["kind"], { step, block, at }: Place): ProseItem {
  return {
    kind,
    key: `${step}.${block}`,
    step,
    block,
    order: step * STEP_WIDTH + block * BLOCK_WIDTH,
    text: "",
    final: false,
    aborted: false,
    early: [],
    startedAt: at,
    endedAt: null,
  };
}

/** Thinking has ended as soon as anything else of its turn begins; how long it took is then known. */
function endThinking(items: readonly Item[], exceptKey: string, at: string | null): readonly Item[] {
  const open = (item: Item): item is ProseItem => item.kind === "thinking" && item.key !== exceptKey && item.endedAt === null && item.startedAt !== null;
  if (at === null || !items.some(open)) return items;
  return items.map((item) => (open(item) ? { ...item, endedAt: at } : item));
}

function withoutDrafts(items: readonly Item[], step: number): readonly Item[] {
  return items.filter((item) => item.kind === "tool" || item.step !== step || item.final);
}

// ---- Tools ----

const progression: readonly ToolStatus[] = ["planned", "waiting", "answered", "running"];

/** A status never moves back, so that a replayed event is harmless. */
function later(current: ToolStatus, proposed: ToolStatus): ToolStatus {
  const rank = progression.indexOf(current);
  return rank === -1 || rank >= progression.indexOf(proposed) ? current : proposed;
}

function withTool(turn: TurnView, id: string, step: number, change: (tool: ToolItem) => ToolItem, at: string | null = null): TurnView {
  const existing = turn.items.find((item): item is ToolItem => item.kind === "tool" && item.id === id);
  const before = existing ?? newTool(turn.items, id, step);
  return { ...turn, items: placed(endThinking(turn.items, "", at), change(before)) };
}

/** A tool call stands after the blocks of its step that are complete by then, and after its earlier sisters. */
function newTool(items: readonly Item[], id: string, step: number): ToolItem {
  const ofStep = items.filter((item) => item.step === step);
  const lastBlock = ofStep.reduce((last, item) => (item.kind !== "tool" && item.final ? Math.max(last, item.block) : last), -1);
  const base = step * STEP_WIDTH + lastBlock * BLOCK_WIDTH;
  const sisters = ofStep.filter((item) => item.kind === "tool" && item.order > base && item.order < base + BLOCK_WIDTH);
  return {
    kind: "tool",
    key: id,
    id,
    step,
    order: base + 1 + sisters.length,
    name: "",
    input: null,
    status: "planned",
    approval: null,
    startedAt: null,
    progress: null,
    result: null,
  };
}

// ---- Order ----

/** More tool calls between two blocks, or blocks in a step, than any model sends. */
const BLOCK_WIDTH = 1_000;
const STEP_WIDTH = 1_000_000;

function placed(items: readonly Item[], item: Item): readonly Item[] {
  const index = items.findIndex((other) => other.key === item.key);
  if (index !== -1) return items.with(index, item);
  const position = items.findIndex((other) => other.order > item.order);
  return position === -1 ? [...items, item] : items.toSpliced(position, 0, item);
}
