/** A result as its call's event names it: enough to say what it is, and to ask for it. */
import * as v from "valibot";

const columnSchema = v.object({
  name: v.string(),
  type: v.string(),
  precision: v.nullish(v.number(), null),
  scale: v.nullish(v.number(), null),
  source_type: v.nullish(v.string(), null),
});

const schema = v.object({
  id: v.string(),
  ordinal: v.number(),
  content: v.string(),
  title: v.nullish(v.string(), null),
  media_type: v.nullish(v.string(), null),
  file_name: v.nullish(v.string(), null),
  state: v.string(),
  cut: v.nullish(v.object({ reason: v.string(), advice: v.string() }), null),
  rows: v.number(),
  bytes: v.number(),
  /** The first ones of a table. */
  columns: v.nullish(v.array(columnSchema), []),
});

export type ResultRef = v.InferOutput<typeof schema>;

/** More than that are in no event. */
const MAX_RESULTS = 32;

/** What a call's event says that it left; none from a host that says nothing of it. */
export function resultRefs(listed: unknown): readonly ResultRef[] {
  if (!Array.isArray(listed)) return none;
  const refs = listed.slice(0, MAX_RESULTS).flatMap((entry: unknown) => {
    const parsed = v.safeParse(schema, entry);
    return parsed.success ? [parsed.output] : [];
  });
  return refs.length === 0 ? none : refs;
}

const none: readonly ResultRef[] = [];
