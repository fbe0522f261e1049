/**
 * The one place where events become what is shown; the same for history and live.
 *
 * Invariants, which the tests shuffle for: applying an event twice, or a whole prefix again, changes nothing; previews
 * (events without a sequence number) never undo what a stored event said; a turn ends once. What an event costs does
 * not depend on how much is there already.
 */
import { resultRefs } from "@/api/resultRef";
import type { WireEvent } from "@/api/wire";
import { asRecord } from "@/shared/lib/record";
import { applyDeltas, countScalars } from "./delta";
import { TurnDraft } from "./draft";
import { groundsInWords } from "./grounds";
import type { Approval, ContextSize, ConversationView, Item, ProseItem, ToolItem, ToolStatus, TurnView } from "./view";

export function reduceEvents(view: ConversationView, events: Iterable<WireEvent>): ConversationView {
  let lastSeq = view.lastSeq;
  const drafts = new Map<string, TurnDraft>();
  const subagents = new Map<TurnDraft, Map<string, TurnDraft>>();
  const known = new Map(view.turns.map((turn) => [turn.executionId, turn]));
  for (const event of events) {
    // Events of one sequence number may come as several frames, so an equal number is let through; each is idempotent.
    if (event.seq !== null && event.seq < lastSeq) continue;
    lastSeq = event.seq ?? lastSeq;
    const executionId = event.execution_id;
    if (isTransport(event)) continue;
    let draft = drafts.get(executionId);
    if (draft === undefined) {
      const turn = known.get(executionId);
      draft = new TurnDraft(turn ?? newTurn(executionId));
      drafts.set(executionId, draft);
    }
    const asks = askedBy(event);
    reduceTurn(asks === null ? draft : subagentOf(subagents, draft, asks), event);
  }
  for (const [draft, works] of subagents) for (const [id, work] of works) withSubagent(draft, id, work);
  if (drafts.size === 0) return lastSeq === view.lastSeq ? view : { ...view, lastSeq };
  const turns = view.turns.map((turn) => drafts.get(turn.executionId)?.done() ?? turn);
  for (const [executionId, draft] of drafts) if (!known.has(executionId)) turns.push(draft.done());
  return { ...view, turns, lastSeq };
}

function isTransport(event: WireEvent): boolean {
  return event.type === "keepalive" || event.type === "stream.reconnect";
}

/**
 * The call that asked the subagent of an event's lane; `null` for the turn's own: steps and blocks count within their
 * lane, and its end is not the turn's. A lane that goes on from a message is a version of the thread itself.
 */
export function askedBy(event: WireEvent): string | null {
  return event.lane?.parent.tool_id ?? null;
}

function subagentOf(known: Map<TurnDraft, Map<string, TurnDraft>>, draft: TurnDraft, call: string): TurnDraft {
  const works = known.get(draft) ?? new Map<string, TurnDraft>();
  known.set(draft, works);
  const work = works.get(call) ?? new TurnDraft(draft.tool(call)?.subagent ?? newTurn(draft.turn.executionId));
  works.set(call, work);
  return work;
}

function withSubagent(draft: TurnDraft, call: string, work: TurnDraft): void {
  withTool(draft, call, draft.turn.step, (tool) => ended({ ...tool, subagent: work.done() }));
}

/** A subagent that was stopped may say nothing of its end; the call's is its end too. */
function ended(tool: ToolItem): ToolItem {
  if (tool.subagent?.status !== "running" || (tool.result === null && tool.status !== "stopped")) return tool;
  const work = new TurnDraft(tool.subagent);
  finish(work, "cancelled");
  return { ...tool, subagent: work.done() };
}

function newTurn(executionId: string): TurnView {
  return {
    executionId,
    firstSeq: null,
    message: "",
    at: null,
    settings: null,
    status: "running",
    model: null,
    step: 0,
    context: null,
    items: [],
    retry: null,
    error: null,
    summary: null,
    compactions: [],
    notes: null,
  };
}

function reduceTurn(draft: TurnDraft, event: WireEvent): void {
  switch (event.type) {
    case "conversation.created":
      return draft.patch({ firstSeq: event.seq ?? draft.turn.firstSeq, message: event.message, at: event.at, settings: event.settings });
    case "system":
      return draft.patch({ step: event.data.step, model: event.data.model, retry: null, context: contextSize(event.data.context) ?? draft.turn.context });
    case "text_delta":
      return proseDelta(draft, "text", event);
    case "thinking_delta":
      return proseDelta(draft, "thinking", event);
    case "text":
      return proseFinal(draft, "text", event, event.text, event.aborted ?? false);
    case "thinking":
      return proseFinal(draft, "thinking", event, event.thinking, false);
    case "step.discarded":
      return withoutDrafts(draft, event.step);
    case "model.retry":
      withoutDrafts(draft, event.step);
      return draft.patch({ retry: { attempt: event.attempt, delayMs: event.delay_ms, reason: event.reason, at: event.at } });
    case "tool_use":
      draft.patch({ retry: null });
      return withTool(
        draft,
        event.tool_id,
        event.step,
        (tool) => ({ ...tool, ...shownBy(event), name: event.tool_name, input: event.tool_input ?? tool.input }),
        event.at,
      );
    case "approval.requested":
      return withTool(draft, event.tool_id, draft.turn.step, (tool) => ({
        ...tool,
        name: event.tool_name,
        input: event.tool_input ?? tool.input,
        status: later(tool.status, "waiting"),
        approval: {
          reason: event.reason,
          decision: tool.approval?.decision ?? null,
          operations: event.review.operations,
          preview: event.review.preview ?? null,
          standing: event.standing,
          laterChanges: event.later_changes,
          questions: event.questions ?? [],
          proposal: event.proposal === undefined || event.proposal === null ? null : { plan: event.proposal.plan ?? null, modes: event.proposal.modes },
        },
      }));
    case "approval.answered":
      return withTool(draft, event.tool_id, draft.turn.step, (tool) => ({
        ...tool,
        status: later(tool.status, "answered"),
        approval: { ...(tool.approval ?? unasked), decision: tool.approval?.decision ?? event.decision },
      }));
    case "tool_started":
      return withTool(draft, event.tool_id, draft.turn.step, (tool) => ({
        ...tool,
        status: later(tool.status, "running"),
        why: event.why == null ? tool.why : groundsInWords(event.why),
        startedAt: tool.startedAt ?? event.at,
      }));
    case "tool_progress":
      return withTool(draft, event.tool_id, draft.turn.step, (tool) =>
        tool.result === null
          ? {
              ...tool,
              status: later(tool.status, "running"),
              startedAt: tool.startedAt ?? event.at,
              progress: {
                message: event.message,
                done: event.done ?? null,
                total: event.total ?? null,
                steps: (event.steps ?? []).map(({ key, state, link, depends_on }) => ({ key, state, link: link ?? null, dependsOn: depends_on })),
              },
            }
          : tool,
      );
    case "tool_result":
      return withTool(draft, event.tool_use_id, draft.turn.step, (tool) =>
        ended({
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
            structured: event.structured ?? tool.result?.structured ?? null,
            structuredBytes: event.structured_bytes ?? null,
            durationMs: event.duration_ms,
            results: resultRefs(asRecord(event)["results"]),
            made: (event.made ?? []).map(({ type, id, name, link, whole }) => ({ type, id, name, link: link ?? null, whole })),
            operations: event.operations ?? [],
          },
        }),
      );
    case "result":
      return draft.patch({
        retry: null,
        summary: {
          steps: event.num_turns,
          durationMs: event.duration_ms,
          inputTokens: event.usage.input_tokens + event.usage.cache_creation_input_tokens + event.usage.cache_read_input_tokens,
          outputTokens: event.usage.output_tokens,
          costMicroUsd: event.usage.cost_micro_usd,
        },
      });
    case "error":
      return draft.patch({ retry: null, error: { message: event.error, code: event.code, remedy: event.remedy ?? null } });
    case "cancelled":
      return finish(draft, "cancelled");
    case "stream.completed":
      return finish(draft, event.is_cancelled ? "cancelled" : event.is_error ? "failed" : "completed");
    case "context.compacted":
      return withCompaction(draft, event);
    case "notes.read":
      return draft.patch({ notes: { file: event.file, gone: event.gone } });
    case "keepalive":
    case "stream.reconnect":
      return;
    default:
      event satisfies never;
  }
}

function contextSize(context: Extract<WireEvent, { type: "system" }>["data"]["context"]): ContextSize | null {
  if (context === undefined || context === null) return null;
  const { instructions, tools, messages, results, compacted_above } = context;
  return { instructions, tools, messages, results, compactedAbove: compacted_above ?? null };
}

/** Nothing of what was said is gone from the page; it says what the model reads instead. */
function withCompaction(draft: TurnDraft, event: Extract<WireEvent, { type: "context.compacted" }>): void {
  const { compactions } = draft.turn;
  const { seq, begins, summary } = event;
  if (seq === null || compactions.some((known) => known.seq === seq)) return;
  draft.patch({ compactions: [...compactions, { seq, begins, summary }] });
}

function finish(draft: TurnDraft, status: TurnView["status"]): void {
  for (const item of draft.items()) {
    if (item.kind === "tool") {
      if (item.result === null) draft.put(ended({ ...item, status: "stopped" }));
    } else if (!item.final) draft.put({ ...item, final: true, early: [] });
  }
  draft.patch({ status, retry: null });
}

// ---- Prose: text and thinking ----

type Place = { step: number; block: number; at: string | null };

function proseDelta(draft: TurnDraft, kind: ProseItem["kind"], event: Place & { offset: number; text: string }): void {
  if (draft.turn.status !== "running") return;
  const existing = draft.prose(`${event.step}.${event.block}`);
  if (existing?.final === true) return;
  const before = existing ?? newProse(kind, event);
  const grown = applyDeltas(before, event);
  if (existing !== undefined && grown.text === before.text && grown.early.length === before.early.length) return;
  draft.endThinking(before.key, event.at);
  draft.put({ ...before, ...grown });
  if (draft.turn.retry !== null) draft.patch({ retry: null });
}

function proseFinal(draft: TurnDraft, kind: ProseItem["kind"], event: Place, text: string, aborted: boolean): void {
  const key = `${event.step}.${event.block}`;
  const before = draft.prose(key) ?? { ...newProse(kind, event), startedAt: null };
  draft.endThinking(key, event.at);
  const endedAt = before.endedAt ?? (before.startedAt === null ? null : event.at);
  draft.put({ ...before, kind, text, scalars: countScalars(text), aborted, endedAt, final: true, early: [] });
  if (draft.turn.retry !== null) draft.patch({ retry: null });
}

function newProse(kind: ProseItem["kind"], { step, block, at }: Place): ProseItem {
  return {
    kind,
    key: `${step}.${block}`,
    step,
    block,
    order: step * STEP_WIDTH + block * BLOCK_WIDTH,
    text: "",
    scalars: 0,
    final: false,
    aborted: false,
    early: [],
    startedAt: at,
    endedAt: null,
  };
}

function withoutDrafts(draft: TurnDraft, step: number): void {
  for (const item of draft.items()) if (item.kind !== "tool" && item.step === step && !item.final) draft.remove(item);
}

// ---- Tools ----

/** An answer whose question was not seen. */
const unasked: Approval = { reason: "", decision: null, operations: [], preview: null, standing: null, laterChanges: [], questions: [], proposal: null };

const progression: readonly ToolStatus[] = ["planned", "waiting", "answered", "running"];

type Shown = Pick<ToolItem, "title" | "detail" | "resultKind">;

function shownBy(event: Extract<WireEvent, { type: "tool_use" }>): Shown {
  return { title: event.title, detail: event.detail, resultKind: event.result_kind ?? null };
}

/** A status never moves back, so that a replayed event is harmless. */
function later(current: ToolStatus, proposed: ToolStatus): ToolStatus {
  const rank = progression.indexOf(current);
  return rank === -1 || rank >= progression.indexOf(proposed) ? current : proposed;
}

function withTool(draft: TurnDraft, id: string, step: number, change: (tool: ToolItem) => ToolItem, at: string | null = null): void {
  const before = draft.tool(id) ?? newTool(draft.items(), id, step);
  draft.endThinking("", at);
  draft.put(change(before));
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
    title: "",
    detail: "",
    resultKind: null,
    status: "planned",
    approval: null,
    why: null,
    startedAt: null,
    progress: null,
    result: null,
    subagent: null,
  };
}

/** More tool calls between two blocks, or blocks in a step, than any model sends. */
const BLOCK_WIDTH = 1_000;
const STEP_WIDTH = 1_000_000;
