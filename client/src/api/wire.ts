/**
 * Events as they come over the wire, in a conversation's history and in its stream alike.
 * They are checked here once; what does not fit is dropped (`null`) rather than trusted. A newer host may send event
 * types that this client does not know: they are no error.
 */
import * as v from "valibot";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const optionalText = v.optional(v.nullable(v.string()));

const settings = v.object({
  warehouse_id: optionalText,
  default_catalog: optionalText,
  default_schema: optionalText,
  cluster_id: optionalText,
  workspace_folder: optionalText,
});

const usage = v.object({
  input_tokens: v.optional(count, 0),
  output_tokens: v.optional(count, 0),
  cache_creation_input_tokens: v.optional(count, 0),
  cache_read_input_tokens: v.optional(count, 0),
});

const envelope = {
  seq: v.optional(v.nullable(count), null),
  execution_id: v.optional(v.nullable(v.string()), null),
  at: v.optional(v.nullable(v.string()), null),
};

const delta = { step: count, block: count, offset: count, text: v.string() };

const operation = v.object({
  effect: v.fallback(v.picklist(["reads", "writes", "shares", "destroys"]), "destroys"),
  verb: v.optional(v.string(), ""),
  objects: v.optional(v.array(v.string()), []),
  text: v.optional(v.nullable(v.string()), null),
  detail: v.optional(v.nullable(v.string()), null),
});

/** The parts of what a call would do, as its plugin says; what it cannot say counts as destroying. */
const review = v.object({ operations: v.optional(v.array(operation), []) });

const schema = v.variant("type", [
  v.object({
    ...envelope,
    type: v.literal("conversation.created"),
    conversation_id: v.optional(v.string()),
    message: v.string(),
    settings: v.optional(v.nullable(settings)),
  }),
  v.object({
    ...envelope,
    type: v.literal("system"),
    subtype: v.string(),
    data: v.optional(v.nullable(v.object({ step: v.optional(count), model: optionalText }))),
  }),
  v.object({ ...envelope, type: v.literal("text_delta"), ...delta }),
  v.object({ ...envelope, type: v.literal("thinking_delta"), ...delta }),
  v.object({ ...envelope, type: v.literal("step.discarded"), step: count, reason: optionalText }),
  v.object({
    ...envelope,
    type: v.literal("model.retry"),
    step: count,
    attempt: count,
    delay_ms: count,
    reason: v.optional(v.string(), ""),
  }),
  v.object({
    ...envelope,
    type: v.literal("text"),
    step: count,
    block: count,
    text: v.string(),
    aborted: v.optional(v.boolean(), false),
  }),
  v.object({ ...envelope, type: v.literal("thinking"), step: count, block: count, thinking: v.string() }),
  v.object({
    ...envelope,
    type: v.literal("tool_use"),
    step: v.optional(count, 0),
    tool_id: v.string(),
    tool_name: v.string(),
    tool_input: v.optional(v.unknown()),
  }),
  v.object({
    ...envelope,
    type: v.literal("approval.requested"),
    tool_id: v.string(),
    tool_name: v.string(),
    tool_input: v.optional(v.unknown()),
    reason: v.optional(v.string(), ""),
    review: v.optional(v.nullable(review), null),
    /** What "for this conversation" would cover; null where that is not offered. */
    standing: v.optional(v.nullable(v.object({ verb: v.string(), objects: v.array(v.string()) })), null),
    /** Later calls of the same message that do not run if this one is declined. */
    later_changes: v.optional(v.array(v.string()), []),
  }),
  v.object({
    ...envelope,
    type: v.literal("approval.answered"),
    tool_id: v.string(),
    decision: v.picklist(["once", "conversation", "no", "stop"]),
  }),
  v.object({ ...envelope, type: v.literal("tool_started"), tool_id: v.string() }),
  v.object({
    ...envelope,
    type: v.literal("tool_progress"),
    tool_id: v.string(),
    message: v.optional(v.string(), ""),
    done: v.optional(v.nullable(v.number())),
    total: v.optional(v.nullable(v.number())),
  }),
  v.object({
    ...envelope,
    type: v.literal("tool_result"),
    tool_use_id: v.string(),
    tool_name: v.optional(v.string(), ""),
    content: v.optional(v.string(), ""),
    is_error: v.boolean(),
    error_kind: optionalText,
    /** The power that the plugin was not given. */
    denied: optionalText,
    remedy: optionalText,
    retry_after_seconds: v.optional(v.nullable(v.number())),
    structured: v.optional(v.unknown()),
    /** The typed result is this large and has to be asked for by itself. */
    structured_bytes: v.optional(v.nullable(count)),
    duration_ms: v.optional(v.nullable(count)),
  }),
  v.object({
    ...envelope,
    type: v.literal("result"),
    is_error: v.boolean(),
    num_turns: v.optional(count, 0),
    duration_ms: v.optional(count, 0),
    usage: v.optional(v.nullable(usage)),
  }),
  v.object({ ...envelope, type: v.literal("error"), error: v.string(), code: v.optional(v.string(), "error"), remedy: optionalText }),
  v.object({ ...envelope, type: v.literal("cancelled") }),
  v.object({
    ...envelope,
    type: v.literal("stream.completed"),
    is_error: v.optional(v.boolean(), false),
    is_cancelled: v.optional(v.boolean(), false),
  }),
  v.object({ ...envelope, type: v.literal("keepalive") }),
  v.object({ ...envelope, type: v.literal("stream.reconnect") }),
]);

export type WireEvent = v.InferOutput<typeof schema>;

/** Checks one event. `null`: not an event, or of a type that this version does not know. */
export function parseWireEvent(raw: unknown): WireEvent | null {
  const parsed = v.safeParse(schema, raw);
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
