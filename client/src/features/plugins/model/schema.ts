/** A JSON Schema as rows that a person can read: one for each property, nested ones indented under their parent. */

export interface SchemaField {
  /** The property's own name; `[]` after it: of each entry of the list. */
  name: string;
  depth: number;
  /** "text", "list of numbers", `"fast" or "slow"` */
  type: string;
  required: boolean;
  description: string;
}

type Json = Readonly<Record<string, unknown>>;

/** Schemas are written by strangers: deeper or longer ones are shown as far as anyone reads; the raw text has the rest. */
const MAX_DEPTH = 6;
const MAX_FIELDS = 200;
const MAX_TYPE_DEPTH = 3;
/** Bounds the work on a choice of choices of choices. */
const MAX_CHOICES = 8;

export function schemaFields(schema: unknown): SchemaField[] {
  const fields: SchemaField[] = [];
  walk(resolve(schema, record(schema)), record(schema), 0, fields);
  return fields;
}

/** What the whole value is: "text" for a tool that answers with text. */
export function typeOf(schema: unknown): string {
  return typeWords(schema, record(schema), 0);
}

function walk(schema: Json, root: Json, depth: number, into: SchemaField[]): void {
  if (depth >= MAX_DEPTH) return;
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  for (const [name, raw] of Object.entries(record(schema["properties"]))) {
    if (into.length >= MAX_FIELDS) return;
    const property = resolve(raw, root);
    into.push({
      name,
      depth,
      type: typeWords(raw, root, 0),
      required: required.includes(name),
      description: text(property["description"]) || text(record(raw)["description"]),
    });
    const inner = objectInside(property, root, 0);
    if (inner !== null) walk(inner, root, depth + 1, into);
  }
}

/** The object whose properties come next: the value itself, what a list holds, or the one that an optional value is. */
function objectInside(schema: Json, root: Json, depth: number): Json | null {
  if (depth > MAX_DEPTH) return null;
  if (schema["properties"] !== undefined) return schema;
  if (schema["items"] !== undefined) return objectInside(resolve(schema["items"], root), root, depth + 1);
  const choices = alternatives(schema)
    .map((choice) => resolve(choice, root))
    .filter((choice) => choice["type"] !== "null");
  const [only] = choices;
  return choices.length === 1 && only !== undefined ? objectInside(only, root, depth + 1) : null;
}

const names: Record<string, string> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "yes or no",
  object: "object",
  array: "list",
  null: "nothing",
};
const several: Record<string, string> = { text: "texts", "whole number": "whole numbers", number: "numbers", object: "objects", list: "lists" };

function typeWords(raw: unknown, root: Json, depth: number): string {
  const schema = resolve(raw, root);
  if (depth > MAX_TYPE_DEPTH) return "…";
  if (schema["const"] !== undefined) return JSON.stringify(schema["const"]);
  if (Array.isArray(schema["enum"]))
    return some(schema["enum"])
      .map((value) => (value === MORE ? MORE : JSON.stringify(value)))
      .join(" or ");
  const choices = alternatives(schema);
  if (choices.length > 0) return unique(some(choices).map((choice) => (choice === MORE ? MORE : typeWords(choice, root, depth + 1)))).join(" or ");
  if (Array.isArray(schema["type"])) return unique(schema["type"].slice(0, MAX_CHOICES).map((type) => oneType(schema, String(type), root, depth))).join(" or ");
  if (typeof schema["type"] === "string") return oneType(schema, schema["type"], root, depth);
  if (schema["properties"] !== undefined) return "object";
  return "anything";
}

function oneType(schema: Json, type: string, root: Json, depth: number): string {
  if (type === "array" && schema["items"] !== undefined && typeof schema["items"] === "object") {
    const entry = typeWords(schema["items"], root, depth + 1);
    return `list of ${several[entry] ?? entry}`;
  }
  return `${names[type] ?? type}${limits(schema, type)}`;
}

function limits(schema: Json, type: string): string {
  if (type === "string" && typeof schema["format"] === "string") return ` (${schema["format"]})`;
  const [low, high] = [schema["minimum"], schema["maximum"]];
  if (typeof low === "number" && typeof high === "number" && Math.abs(high) < Number.MAX_SAFE_INTEGER) return `, ${low} to ${high}`;
  return "";
}

function alternatives(schema: Json): unknown[] {
  for (const key of ["anyOf", "oneOf"]) if (Array.isArray(schema[key])) return schema[key] as unknown[];
  return [];
}

/** Follows references inside the document; others stay what they are. Circles end at the depth limit of who walks. */
function resolve(raw: unknown, root: Json): Json {
  let schema = record(raw);
  for (let step = 0; step < MAX_DEPTH && typeof schema["$ref"] === "string"; step += 1) {
    const path = schema["$ref"];
    if (!path.startsWith("#/")) return {};
    schema = record(
      path
        .slice(2)
        .split("/")
        .reduce<unknown>((at, part) => (Object.hasOwn(record(at), unescape(part)) ? record(at)[unescape(part)] : {}), root),
    );
  }
  return schema;
}

function unescape(part: string): string {
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}

function record(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

const MORE = "…";

function some(choices: readonly unknown[]): unknown[] {
  return choices.length > MAX_CHOICES ? [...choices.slice(0, MAX_CHOICES), MORE] : [...choices];
}

function unique(values: string[]): string[] {
  return [...new Set(values)];
}
