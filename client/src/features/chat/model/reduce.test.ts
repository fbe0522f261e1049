import { describe, expect, it } from "vitest";
import { wire } from "@/api/testing/events";
import { type WireEvent, parseWireEvent } from "@/api/wire";
import { seeded } from "@/shared/testing/random";
import { waitingCalls } from "./approval";
import { summariesBefore } from "./compaction";
import { prepend } from "./pages";
import { reduceEvents } from "./reduce";
import { type ConversationView, type ToolItem, emptyView } from "./view";

const turn = "11111111-1111-4111-8111-111111111111";

const answer = "The busiest hour is 18:00 🧱 — and it is not close.";
const half = [...answer].slice(0, 20).join("");
const rest = [...answer].slice(20).join("");

/** A whole turn as it is stored: seq on every event, as the history gives it. */
const stored: readonly WireEvent[] = [
  { type: "conversation.created", message: "Which hour?", settings: {} },
  { type: "system", subtype: "step", data: { step: 0, model: "m" } },
  { type: "thinking_delta", step: 0, block: 0, offset: 0, text: "First a ware" },
  { type: "thinking_delta", step: 0, block: 0, offset: 12, text: "house." },
  { type: "text_delta", step: 0, block: 1, offset: 0, text: "Half an ans" },
  { type: "model.retry", step: 0, attempt: 1, delay_ms: 10, reason: "overloaded" },
  { type: "thinking_delta", step: 0, block: 0, offset: 0, text: "Again." },
  { type: "thinking", step: 0, block: 0, thinking: "Again." },
  { type: "text", step: 0, block: 1, text: "Let me look." },
  { type: "tool_use", title: "", detail: "", step: 0, tool_id: "a", tool_name: "mcp__databricks__execute_sql", tool_input: { statement: "SELECT 1" } },
  { type: "tool_use", title: "", detail: "", step: 0, tool_id: "b", tool_name: "Read", tool_input: { file_path: "x" } },
  { type: "approval.requested", tool_id: "a", tool_name: "mcp__databricks__execute_sql", tool_input: { statement: "SELECT 1" }, reason: "because" },
  { type: "approval.answered", tool_id: "a", decision: "once" },
  { type: "tool_started", tool_id: "a" },
  { type: "tool_started", tool_id: "b" },
  { type: "tool_progress", tool_id: "a", message: "running", done: 1, total: 2 },
  { type: "tool_result", tool_use_id: "b", tool_name: "Read", content: "gone", is_error: true, error_kind: "not-found", duration_ms: 3 },
  { type: "tool_result", tool_use_id: "a", tool_name: "mcp__databricks__execute_sql", content: "1", is_error: false, duration_ms: 12 },
  { type: "system", subtype: "step", data: { step: 1, model: "m" } },
  { type: "text_delta", step: 1, block: 0, offset: 0, text: half },
  { type: "text_delta", step: 1, block: 0, offset: 20, text: rest },
  { type: "text", step: 1, block: 0, text: answer },
  {
    type: "result",
    is_error: false,
    num_turns: 2,
    duration_ms: 900,
    usage: { input_tokens: 10, output_tokens: 5, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, cost_micro_usd: 1_500 },
  },
  { type: "stream.completed", is_error: false, is_cancelled: false },
].map((event, index) => wire({ ...event, seq: index + 1 }));

/** The same turn as a folded history: without the pieces of what is complete. */
const folded = stored.filter((event) => !event.type.endsWith("_delta") && event.type !== "model.retry");

function final(view: ConversationView): unknown {
  // When thinking began is only known to whoever saw it stream.
  return JSON.parse(JSON.stringify(view, (key, value: unknown) => (key === "startedAt" || key === "endedAt" ? null : value)));
}

const whole = reduceEvents(emptyView, stored);

describe("a turn", () => {
  it("is laid out in reading order", () => {
    expect(whole.turns[0]?.items.map((item) => (item.kind === "tool" ? item.id : item.text))).toEqual(["Again.", "Let me look.", "a", "b", answer]);
  });

  it("ends with its account", () => {
    expect(whole.turns[0]).toMatchObject({
      status: "completed",
      message: "Which hour?",
      summary: { steps: 2, durationMs: 900, inputTokens: 10, outputTokens: 5, costMicroUsd: 1_500 },
    });
    expect(whole.lastSeq).toBe(stored.length);
  });

  it("keeps each call's approval, progress and result", () => {
    expect(whole.turns[0]?.items[2]).toMatchObject({ status: "succeeded", approval: { reason: "because", decision: "once" }, progress: { done: 1, total: 2 } });
    expect(whole.turns[0]?.items[3]).toMatchObject({ status: "failed", result: { errorKind: "not-found", isError: true } });
  });

  it("is the same from a folded history", () => {
    expect(final(reduceEvents(emptyView, folded))).toEqual(final(whole));
  });
});

describe("replay", () => {
  it("of any prefix, with any overlap, gives the same view", () => {
    for (let cut = 0; cut <= stored.length; cut += 1) {
      for (let back = 0; back <= cut; back += 1) {
        const seen = reduceEvents(emptyView, stored.slice(0, cut));
        expect(final(reduceEvents(seen, stored.slice(cut - back))), `cut ${cut}, back ${back}`).toEqual(final(whole));
      }
    }
  });

  it("of single events at random places changes nothing", () => {
    const random = seeded(7);
    for (let round = 0; round < 200; round += 1) {
      let view = emptyView;
      for (const [index, event] of stored.entries()) {
        view = reduceEvents(view, [event]);
        const again = stored[Math.floor(random() * (index + 1))];
        if (again !== undefined) view = reduceEvents(view, [again]);
      }
      expect(final(view)).toEqual(final(whole));
    }
  });

  it("of a history that the stream then overlaps gives the same view", () => {
    for (let cut = 1; cut <= stored.length; cut += 1) {
      const history = stored.slice(0, cut);
      expect(final(reduceEvents(reduceEvents(emptyView, history), stored))).toEqual(final(whole));
    }
  });

  it("of frames without an id, which come again after a cut, changes nothing", () => {
    // One stored message comes as several frames; only the last carries the id.
    const frames = [
      wire({ type: "thinking", step: 0, block: 0, thinking: "Hm." }),
      wire({ type: "text", step: 0, block: 1, text: "Look." }),
      wire({ type: "tool_use", title: "", detail: "", step: 0, tool_id: "a", tool_name: "Read", tool_input: {}, seq: 5 }),
    ];
    const once = reduceEvents(emptyView, frames);
    for (let cut = 0; cut <= frames.length; cut += 1) expect(reduceEvents(reduceEvents(emptyView, frames.slice(0, cut)), frames)).toEqual(once);
  });
});

describe("what an event does not touch", () => {
  it("stays the same object, so that it is not drawn again", () => {
    const begun = reduceEvents(emptyView, stored.slice(0, 9));
    const after = reduceEvents(begun, [wire({ type: "text_delta", step: 2, block: 0, offset: 0, text: "More" })]);
    expect(after.turns[0]?.items.slice(0, 2)).toEqual(begun.turns[0]?.items);
    for (const [index, item] of (begun.turns[0]?.items ?? []).entries()) expect(after.turns[0]?.items[index]).toBe(item);
  });

  it("keeps calls apart from blocks, whatever they are called", () => {
    const view = reduceEvents(emptyView, [
      wire({ type: "text", step: 0, block: 0, text: "Look." }),
      wire({ type: "tool_use", title: "", detail: "", step: 0, tool_id: "0.0", tool_name: "Read", tool_input: {} }),
    ]);
    expect(view.turns[0]?.items.map((item) => item.kind)).toEqual(["text", "tool"]);
  });
});

describe("previews", () => {
  it("cut into any pieces, repeated and overlapping, give the text", () => {
    const random = seeded(42);
    const scalars = [...answer];
    for (let round = 0; round < 300; round += 1) {
      let view = reduceEvents(emptyView, stored.slice(0, 1));
      let reached = 0;
      while (reached < scalars.length) {
        const offset = Math.floor(random() * (reached + 1));
        const end = Math.min(scalars.length, offset + 1 + Math.floor(random() * 12));
        view = reduceEvents(view, [wire({ type: "text_delta", step: 0, block: 0, offset, text: scalars.slice(offset, end).join("") })]);
        reached = Math.max(reached, end);
        expect(view.turns[0]?.items[0]).toMatchObject({ text: scalars.slice(0, reached).join("") });
      }
    }
  });

  it("that arrive in any order give the text", () => {
    const random = seeded(3);
    const scalars = [...answer];
    const pieces = Array.from({ length: Math.ceil(scalars.length / 4) }, (_, index) => ({
      offset: index * 4,
      text: scalars.slice(index * 4, index * 4 + 4).join(""),
    }));
    for (let round = 0; round < 200; round += 1) {
      const shuffled = pieces.map((piece) => ({ piece, key: random() })).toSorted((a, b) => a.key - b.key);
      const view = reduceEvents(
        emptyView,
        shuffled.map(({ piece }) => wire({ type: "text_delta", step: 0, block: 0, ...piece })),
      );
      expect(view.turns[0]?.items[0]).toMatchObject({ text: answer, early: [] });
    }
  });

  it("never change what is final", () => {
    const late = wire({ type: "text_delta", step: 1, block: 0, offset: 3, text: "!!!" });
    expect(reduceEvents(whole, [late])).toEqual(whole);
    const open = reduceEvents(emptyView, stored.slice(0, 22));
    expect(reduceEvents(open, [late])).toEqual(open);
  });

  it("of a discarded step are dropped", () => {
    const view = reduceEvents(emptyView, [
      ...stored.slice(0, 2),
      wire({ type: "text_delta", step: 0, block: 0, offset: 0, text: "void" }),
      wire({ type: "step.discarded", step: 0, seq: 3 }),
    ]);
    expect(view.turns[0]?.items).toEqual([]);
  });
});

describe("an end", () => {
  const begun = stored.slice(0, 14);

  it("by the user keeps what was said and closes open calls", () => {
    const view = reduceEvents(emptyView, [
      ...begun,
      wire({ type: "cancelled", seq: 15 }),
      wire({ type: "stream.completed", is_error: false, is_cancelled: true, seq: 16 }),
    ]);
    expect(view.turns[0]?.status).toBe("cancelled");
    expect(view.turns[0]?.items.filter((item): item is ToolItem => item.kind === "tool").map((tool) => tool.status)).toEqual(["stopped", "stopped"]);
  });

  it("by an error names it", () => {
    const view = reduceEvents(emptyView, [
      ...begun,
      wire({ type: "error", error: "The model is down.", code: "model-unreachable", seq: 15 }),
      wire({ type: "stream.completed", is_error: true, is_cancelled: false, seq: 15 }),
    ]);
    expect(view.turns[0]).toMatchObject({ status: "failed", error: { message: "The model is down.", code: "model-unreachable" } });
  });
});

describe("several turns", () => {
  it("stay apart by their execution", () => {
    const second = stored.map((event) => ({ ...event, execution_id: "other", seq: (event.seq ?? 0) + stored.length }));
    const view = reduceEvents(emptyView, [...stored, ...second]);
    expect(view.turns.map((each) => each.executionId)).toEqual([turn, "other"]);
    expect(final({ ...view, turns: view.turns.slice(0, 1), lastSeq: 0 })).toEqual(final({ ...whole, lastSeq: 0 }));
  });
});

describe("what comes from outside", () => {
  it("is dropped when it does not fit", () => {
    expect(parseWireEvent({ type: "text_delta", step: 0, block: 0, offset: -1, text: "x" })).toBeNull();
    expect(parseWireEvent({ type: "from_the_future" })).toBeNull();
    expect(parseWireEvent("nonsense")).toBeNull();
  });
});

describe("what stands beside the thread", () => {
  const lane = { id: "33333333-3333-4333-8333-333333333333", parent: { execution_id: turn, tool_id: "a" } };
  /** The same turn, in the middle of which its call has a subagent do just the same. */
  const nested = [...stored.slice(0, 15), ...stored.map((event) => wire({ ...event, lane })), ...stored.slice(15)].map((event, index) =>
    wire(Object.assign({}, event, { seq: index + 1 })),
  );

  const callOf = (view: ConversationView) => view.turns[0]?.items.find((item): item is ToolItem => item.kind === "tool" && item.id === "a");

  it("is the work of its call: a subagent's steps, calls and end", () => {
    const view = reduceEvents(emptyView, nested);
    const work = callOf(view)?.subagent ?? null;
    expect([view.turns[0]?.items.length, view.turns[0]?.status]).toEqual([whole.turns[0]?.items.length, "completed"]);
    expect(work && final({ turns: [{ ...work, firstSeq: null }], lastSeq: 0 })).toEqual(
      final({ turns: whole.turns.map((known) => ({ ...known, firstSeq: null })), lastSeq: 0 }),
    );
    // However it comes in parts, and once more.
    for (let cut = 0; cut <= nested.length; cut += 1) {
      const parts = reduceEvents(reduceEvents(emptyView, nested.slice(0, cut)), nested.slice(Math.max(0, cut - 1)));
      expect(final(parts)).toEqual(final(view));
    }
  });

  it("ends with its call, whatever it said itself", () => {
    const cut = nested.filter((event) => event.lane == null || event.type === "conversation.created" || event.type === "tool_use");
    const work = callOf(reduceEvents(emptyView, cut))?.subagent;
    expect([work?.status, work?.items.map((item) => item.kind === "tool" && item.status)]).toEqual(["cancelled", ["stopped", "stopped"]]);
  });

  it("is asked about like any other call", () => {
    const until = nested.slice(0, 15 + 12);
    const [waiting, ...more] = waitingCalls(reduceEvents(emptyView, until));
    expect([waiting?.tool.id, waiting?.askedBy?.id, waiting?.turn.message, more.length]).toEqual(["a", "a", "Which hour?", 0]);
  });

  it("is not what goes on from a message: another version of the thread", () => {
    const lane = { id: "33333333-3333-4333-8333-333333333333", parent: { through: 2 } };
    expect(
      reduceEvents(
        emptyView,
        stored.map((event) => ({ ...event, lane })),
      ),
    ).toEqual(whole);
  });
});

describe("a summary for the model", () => {
  const later = { execution_id: "44444444-4444-4444-8444-444444444444" };
  const compacted = { type: "context.compacted", summary: "In short.", seq: stored.length + 2, begins: stored.length + 1 };
  const events = [
    ...stored,
    wire({ ...later, type: "conversation.created", message: "And now?", settings: {}, seq: stored.length + 1 }),
    wire({ ...later, ...compacted }),
  ];

  it("stands before the turn at which it ends, once", () => {
    const view = reduceEvents(reduceEvents(emptyView, events), events);
    expect([...summariesBefore(view.turns)]).toEqual([[later.execution_id, "In short."]]);
    const wider = wire({ ...later, ...compacted, summary: "All of it.", begins: 1, seq: stored.length + 3 });
    expect([...summariesBefore(reduceEvents(view, [wider]).turns)]).toEqual([
      [later.execution_id, "In short."],
      [turn, "All of it."],
    ]);
  });

  it("waits for its turn where that is not loaded", () => {
    const view = reduceEvents(emptyView, events.slice(1));
    const early = wire({ ...later, ...compacted, begins: 1, seq: stored.length + 3 });
    expect([...summariesBefore(reduceEvents(view, [early]).turns).values()]).toEqual(["In short."]);
    const whole = prepend(reduceEvents(emptyView, events.slice(0, 1)), reduceEvents(view, [early]));
    expect([...summariesBefore(whole.turns).values()]).toEqual(["In short.", "In short."]);
  });
});
