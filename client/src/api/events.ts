/**
 * Written by scripts/generate-events.mjs from openapi.json: the events of a conversation's history and of its stream,
 * and the parser that checks them. Run `npm run generate-types` after a change of the document.
 */
import * as v from "valibot";

/** How much the agent may do without asking, from careful to loose. */
const Mode = v.picklist(["read_only", "ask_changes", "ask", "run_all"]);

/** What the user chose for a turn. Absent means: the agent chooses. */
const Settings = v.object({
  /** Cluster for code. */
  cluster_id: v.optional(v.nullable(v.string())),
  /** Catalog for unqualified names. */
  default_catalog: v.optional(v.nullable(v.string())),
  /** Schema for unqualified names. */
  default_schema: v.optional(v.nullable(v.string())),
  /** Model id. */
  model: v.optional(v.nullable(v.string())),
  permission_mode: v.optional(v.nullable(Mode)),
  /** SQL warehouse for statements. */
  warehouse_id: v.optional(v.nullable(v.string())),
  /** Folder in the workspace for what is uploaded. */
  workspace_folder: v.optional(v.nullable(v.string())),
});

/** What a model call reads, in tokens, about. */
const WireContext = v.object({
  /** From how many on a summary takes the place of what was said. */
  compacted_above: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0)))),
  /** What the host tells it: its role, the workspace, skills and subagents. */
  instructions: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** What was said. */
  messages: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** What calls gave. */
  results: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Definitions of tools. */
  tools: v.pipe(v.number(), v.integer(), v.minValue(0)),
});

/** Which model answers a step. */
const StepData = v.object({
  context: v.optional(v.nullable(WireContext)),
  /** The model asked. */
  model: v.string(),
  /** Which model call of the turn, from 0. */
  step: v.pipe(v.number(), v.integer(), v.minValue(0)),
});

/** What kind of thing a typed result is, and so how it is drawn. */
const ShownAs = v.picklist(["text", "markdown", "table", "tables", "list", "steps", "change", "chart", "todos"]);

/** A permission mode that a call proposes; it holds from the answer on, for later turns as well. */
const Proposal = v.object({
  /** The modes of which the reply names one, from careful to loose. */
  modes: v.array(Mode),
  /** The plan that the user takes with it, Markdown; absent when it is proposed to make one. */
  plan: v.optional(v.nullable(v.string())),
});

/** One thing that is offered as an answer. */
const QuestionChoice = v.object({
  /** What it means; may be empty. */
  description: v.string(),
  /** What is chosen. */
  label: v.string(),
});

/** A question of a call; an answer of the user's own is always possible. */
const Question = v.object({
  /** What it is about, in a word or two. */
  header: v.string(),
  /** Whether several may be chosen. */
  multi_select: v.boolean(),
  /** What is offered. */
  options: v.array(QuestionChoice),
  /** The question. */
  question: v.string(),
});

/** How grave a call, or a part of it, is; from harmless to grave. */
const Effect = v.fallback(v.picklist(["reads", "writes", "shares", "destroys"]), "destroys");

/** One part of what a call would do: one statement of a script, say. */
const ReviewedOperation = v.object({
  /** More about it, in one line. */
  detail: v.nullable(v.string()),
  /** How grave it is. */
  effect: Effect,
  /** What it does it to; empty when it cannot be told. */
  objects: v.array(v.string()),
  /** Its exact text. */
  text: v.nullable(v.string()),
  /** What it does: `DROP TABLE`, `GRANT`; `UNKNOWN` when nobody can tell. */
  verb: v.string(),
});

/** What a plugin found out by looking, in its own words. */
const Preview = v.object({
  /** Whether something was found out. */
  known: v.boolean(),
  /** What it would meet, or why that is not known; plain text. */
  text: v.string(),
});

/** What a call would do. */
const Review = v.object({
  /** The effect of its gravest part. */
  effect: Effect,
  /** Its parts in the order in which they would run; empty when nobody can tell. */
  operations: v.array(ReviewedOperation),
  preview: v.optional(v.nullable(Preview)),
});

/** What the answer "for this conversation" covers: the same tool doing the same thing to exactly the same objects. */
const Standing = v.object({
  /** To what. */
  objects: v.array(v.string()),
  /** What is done. */
  verb: v.string(),
});

/** The user's answer to an approval. */
const Decision = v.picklist(["once", "conversation", "no", "stop"]);

/** What the user answers to one question of a call; with nothing in it they leave it open. */
const ReplyAnswer = v.object({
  /** What they choose of what is offered; at most 8, of at most 200 characters. */
  chosen: v.optional(v.array(v.string())),
  /** An answer of their own. At most 4,000 characters. */
  words: v.optional(v.nullable(v.string())),
});

/** What the user says beside a decision. */
const Reply = v.object({
  /** One for each question that the call puts, in their order; at most 4. */
  answers: v.optional(v.array(ReplyAnswer)),
  mode: v.optional(v.nullable(Mode)),
  /** What they want to say to it: beside a no, what they want instead. At most 4,000 characters. */
  words: v.optional(v.nullable(v.string())),
});

/** The kinds of reasons for which a call ran. */
const GroundsWord = v.picklist(["mode", "rule", "standing", "answered", "continues"]);

/** Why a call ran. */
const Grounds = v.object({
  /** In one word. */
  kind: GroundsWord,
  mode: v.optional(v.nullable(Mode)),
  /** The rule, as it was written. */
  rule: v.optional(v.nullable(v.string())),
  /** When the user allowed the same for longer. */
  since: v.optional(v.nullable(v.string())),
});

/** Where a step stands. */
const StepWord = v.picklist(["waiting", "running", "succeeded", "failed", "skipped"]);

/** A step of a call's work, such as a task of a run. */
const StepInfo = v.object({
  /** The keys of the steps that come before it. */
  depends_on: v.array(v.string()),
  /** What tells it from the others. */
  key: v.string(),
  /** Where a person sees it. */
  link: v.optional(v.nullable(v.string())),
  /** Where it stands. */
  state: StepWord,
});

/** Something that a call made at the workspace and that stays there. */
const MadeInfo = v.object({
  /** The workspace's id of it. */
  id: v.string(),
  /** Where people see it. */
  link: v.optional(v.nullable(v.string())),
  /** What people call it. */
  name: v.string(),
  /** What it is, by Databricks' word: `job`, `cluster`. */
  type: v.string(),
  /** Whether the call that made it ended well; otherwise it may be half made. */
  whole: v.boolean(),
});

/** A column of a table. */
const ResultColumnInfo = v.object({
  /** Its name; two may have the same. */
  name: v.string(),
  /** Digits of a decimal. */
  precision: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0)))),
  /** Digits after a decimal's point. */
  scale: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0)))),
  /** The source's own word for the type. */
  source_type: v.optional(v.nullable(v.string())),
  /** `integer`, `decimal`, `double`, `float`, `boolean`, `string`, `binary`, `date`, `timestamp`, `timestamp_ntz` or
`json`. */
  type: v.string(),
});

/** What a result is, whatever is in it. */
const ResultHeadInfo = v.object({
  /** The columns of a table, named by their places here; of a call's results the first 64. */
  columns: v.array(ResultColumnInfo),
  /** `table`, `text`, `image` or `file`. */
  content: v.string(),
  /** The name that a file has. */
  file_name: v.nullable(v.string()),
  /** The media type of a text, image or file. */
  media_type: v.nullable(v.string()),
  /** What a person reads above it. */
  title: v.nullable(v.string()),
});

/** Why a result is not all that there was. */
const CutInfo = v.object({
  /** What happened and what to do about it. */
  advice: v.string(),
  /** `result_limit`, `conversation_limit`, `user_limit`, `row_limit`, `source`, `interrupted`, `lost` or `storage_full`. */
  reason: v.string(),
});

/** A result of a call, as it was when the call ended; `GET /api/results/{id}` has all of it. */
const CallResult = v.object({
  ...ResultHeadInfo.entries,
  /** Bytes of what is in it. */
  bytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
  cut: v.nullable(CutInfo),
  /** Its id. */
  id: v.string(),
  /** Which of its call's results it is. */
  ordinal: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Rows of a table. */
  rows: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** `open`, `complete` or `partial`. */
  state: v.string(),
});

/** Tokens of a turn. */
const WireUsage = v.object({
  /** Input tokens written to the prompt cache. */
  cache_creation_input_tokens: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Input tokens read from the prompt cache. */
  cache_read_input_tokens: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** What they cost, in millionths of a US dollar, by the prices that the host goes by; 0 where it knows none. */
  cost_micro_usd: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Input tokens outside the prompt cache. */
  input_tokens: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Tokens the model wrote. */
  output_tokens: v.pipe(v.number(), v.integer(), v.minValue(0)),
});

/** What a lane belongs to: a call, of which it is the subagent, or a message, after which it is the fork. */
const WireLaneParent = v.object({
  /** The turn of the call; absent for a fork. */
  execution_id: v.optional(v.nullable(v.string())),
  /** The lane of the call or the message; absent for the main one. */
  lane_id: v.optional(v.nullable(v.string())),
  /** The last event of the parent that belongs to the fork as well; absent for a subagent. */
  through: v.optional(v.nullable(v.pipe(v.number(), v.integer()))),
  /** The call; absent for a fork. */
  tool_id: v.optional(v.nullable(v.string())),
});

/** A line of a conversation beside its main one: of a subagent, or of a fork. */
const WireLane = v.object({
  /** Its id. */
  id: v.string(),
  /** What it belongs to. */
  parent: WireLaneParent,
});

/** What every event has. */
const envelope = {
  /** When. */
  at: v.string(),
  /** The turn. */
  execution_id: v.string(),
  lane: v.optional(v.nullable(WireLane)),
  /** Its position in the conversation's log; null for previews and keep-alives, which are not in the log. */
  seq: v.nullable(v.pipe(v.number(), v.integer())),
};

/** Events, told apart by their `type`. */
export const wireEvent = v.variant("type", [
  /** The user's message; the first of each turn. */
  v.object({
    /** The conversation. */
    conversation_id: v.string(),
    /** As typed. */
    message: v.string(),
    /** What the user chose. */
    settings: Settings,
    type: v.literal("conversation.created"),
    ...envelope,
  }),
  /** A model call begins. */
  v.object({
    /** Which. */
    data: StepData,
    /** Always `step`. */
    subtype: v.string(),
    type: v.literal("system"),
    ...envelope,
  }),
  /** A piece of text: `text = text[0..offset] + delta`, in Unicode scalar values, which makes repetition harmless. */
  v.object({
    /** Content block. */
    block: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** Characters before this piece. */
    offset: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** Model call. */
    step: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** The piece. */
    text: v.string(),
    type: v.literal("text_delta"),
    ...envelope,
  }),
  /** A piece of reasoning, applied like a text delta. */
  v.object({
    /** Content block. */
    block: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** Characters before this piece. */
    offset: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** Model call. */
    step: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** The piece. */
    text: v.string(),
    type: v.literal("thinking_delta"),
    ...envelope,
  }),
  /** Drop what the step streamed so far. */
  v.object({
    /** Model call. */
    step: v.pipe(v.number(), v.integer(), v.minValue(0)),
    type: v.literal("step.discarded"),
    ...envelope,
  }),
  /** The model call failed and is tried again; drop what it streamed so far. */
  v.object({
    /** The attempt that failed, from 1. */
    attempt: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** Wait before the next. */
    delay_ms: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** Why. */
    reason: v.string(),
    /** Model call. */
    step: v.pipe(v.number(), v.integer(), v.minValue(0)),
    type: v.literal("model.retry"),
    ...envelope,
  }),
  /** A whole block of text, which replaces its deltas. */
  v.object({
    /** Set when it was cut short. */
    aborted: v.optional(v.nullable(v.boolean())),
    /** Content block. */
    block: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** Model call. */
    step: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** The text. */
    text: v.string(),
    type: v.literal("text"),
    ...envelope,
  }),
  /** A whole block of reasoning, which replaces its deltas. */
  v.object({
    /** Content block. */
    block: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** Model call. */
    step: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** The reasoning. */
    thinking: v.string(),
    type: v.literal("thinking"),
    ...envelope,
  }),
  /** The model asks for a tool. */
  v.object({
    /** What tells it from other calls of the tool, one line; may be empty. */
    detail: v.string(),
    result_kind: v.optional(v.nullable(ShownAs)),
    /** Model call. */
    step: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** What the call does, in a few words. */
    title: v.string(),
    /** The call. */
    tool_id: v.string(),
    /** Its arguments. */
    tool_input: v.unknown(),
    /** The tool's full name. */
    tool_name: v.string(),
    type: v.literal("tool_use"),
    ...envelope,
  }),
  /** The call waits for the user. */
  v.object({
    /** Later calls of the same message that change something: they do not run when this one is declined. */
    later_changes: v.array(v.string()),
    proposal: v.optional(v.nullable(Proposal)),
    /** What the user answers, when that is what the call is for: `once` with a reply of as many answers. */
    questions: v.optional(v.array(Question)),
    /** Why it is asked. */
    reason: v.string(),
    /** What it would do. */
    review: Review,
    standing: v.nullable(Standing),
    /** The call. */
    tool_id: v.string(),
    /** Its exact arguments. */
    tool_input: v.unknown(),
    /** The tool's full name. */
    tool_name: v.string(),
    type: v.literal("approval.requested"),
    ...envelope,
  }),
  /** The user answered. */
  v.object({
    /** The earlier call whose refusal settled this one too; absent for an answer of its own. */
    because_of: v.optional(v.nullable(v.string())),
    /** What they said. */
    decision: Decision,
    reply: v.optional(v.nullable(Reply)),
    /** The call. */
    tool_id: v.string(),
    type: v.literal("approval.answered"),
    ...envelope,
  }),
  /** The call runs. */
  v.object({
    /** The call. */
    tool_id: v.string(),
    type: v.literal("tool_started"),
    why: v.optional(v.nullable(Grounds)),
    ...envelope,
  }),
  /** How far the call is. */
  v.object({
    /** Units done. */
    done: v.optional(v.nullable(v.number())),
    /** In words. */
    message: v.string(),
    /** The steps of its work; absent when it has none. */
    steps: v.optional(v.array(StepInfo)),
    /** The call. */
    tool_id: v.string(),
    /** Units in all. */
    total: v.optional(v.nullable(v.number())),
    type: v.literal("tool_progress"),
    ...envelope,
  }),
  /** The call ended. */
  v.object({
    /** What the model reads. */
    content: v.string(),
    /** Id of the power that was missing. */
    denied: v.optional(v.nullable(v.string())),
    /** Wall time. */
    duration_ms: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** The kind of failure. */
    error_kind: v.optional(v.nullable(v.string())),
    /** Whether it failed. */
    is_error: v.boolean(),
    /** What the call made at the workspace that stays there; absent when it made nothing. */
    made: v.optional(v.array(MadeInfo)),
    /** Ids of the operations that go on at the workspace although the call has returned; absent when there are none. */
    operations: v.optional(v.array(v.string())),
    /** What a person does so that the call succeeds. */
    remedy: v.optional(v.nullable(v.string())),
    /** What the call made for people, whole or as far as it came: see `/api/results/{id}`. At most 32, in the order
in which they were begun; absent when there are none. */
    results: v.optional(v.array(CallResult)),
    /** Seconds after which the call may be tried again. */
    retry_after_seconds: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0)))),
    /** The typed result. */
    structured: v.optional(v.nullable(v.unknown())),
    /** Bytes of the typed result when it is larger than 64 KiB and therefore not here: it is at
`/api/executions/{execution_id}/calls/{tool_use_id}/structured`. */
    structured_bytes: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0)))),
    /** The tool's full name. */
    tool_name: v.string(),
    /** The call. */
    tool_use_id: v.string(),
    type: v.literal("tool_result"),
    ...envelope,
  }),
  /** The model was given the project's notes, which it did not know as they are. */
  v.object({
    /** Their file, relative to the project's folder. */
    file: v.string(),
    /** Whether the file that it knew is gone instead. */
    gone: v.boolean(),
    type: v.literal("notes.read"),
    ...envelope,
  }),
  /** From here on the model reads a summary in the place of what was said before an earlier event. */
  v.object({
    /** The first event that it still reads as it is. */
    begins: v.pipe(v.number(), v.integer()),
    /** What it reads instead. */
    summary: v.string(),
    type: v.literal("context.compacted"),
    ...envelope,
  }),
  /** The turn's account. */
  v.object({
    /** Wall time, waiting included. */
    duration_ms: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** Whether it failed. */
    is_error: v.boolean(),
    /** Model calls. */
    num_turns: v.pipe(v.number(), v.integer(), v.minValue(0)),
    /** The conversation. */
    session_id: v.string(),
    /** What the turn cost, by the prices that the host goes by; null where it knows none. */
    total_cost_usd: v.nullable(v.number()),
    type: v.literal("result"),
    /** Tokens. */
    usage: WireUsage,
    ...envelope,
  }),
  /** The turn failed. */
  v.object({
    /** A stable word for the cause. */
    code: v.string(),
    /** What happened and what to do next. */
    error: v.string(),
    /** What fits now: `continue`, `new_conversation`, `retry` or `sign_in`; absent when something has to be changed
first, which the text says. */
    remedy: v.optional(v.nullable(v.string())),
    type: v.literal("error"),
    ...envelope,
  }),
  /** The user stopped the turn. */
  v.object({ type: v.literal("cancelled"), ...envelope }),
  /** The turn is over. Exactly one, the last. */
  v.object({
    /** Whether the user stopped it. */
    is_cancelled: v.boolean(),
    /** Whether it failed. */
    is_error: v.boolean(),
    type: v.literal("stream.completed"),
    ...envelope,
  }),
  /** Nothing happened for a while. */
  v.object({
    /** Seconds since something did. */
    elapsed_since_last_event: v.number(),
    type: v.literal("keepalive"),
    ...envelope,
  }),
  /** The stream's window is over: connect again, after this event. */
  v.object({
    /** The last event sent. */
    last_event_id: v.pipe(v.number(), v.integer()),
    type: v.literal("stream.reconnect"),
    ...envelope,
  }),
]);

export type WireEvent = v.InferOutput<typeof wireEvent>;
