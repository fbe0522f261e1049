/**
 * Writes `src/api/events.ts` from `openapi.json`: the types of events and the parsers that check them as they arrive.
 * `npm run generate-types` runs it; with `--print` it prints instead, which a test compares with the file.
 *
 * What it takes from the document: required and optional, objects put together from others, null, enumerations (whose
 * `default` is what a word that is not known counts as), bounds of numbers, and the one tag that tells events apart.
 * Whatever else a schema says makes it fail, so that nothing is left unchecked in silence.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";

const client = join(import.meta.dirname, "..");
const target = join(client, "src/api/events.ts");
const document = JSON.parse(readFileSync(join(client, "openapi.json"), "utf8"));
const schemas = document.components.schemas;

/** Keys that say nothing about what fits. */
const words = new Set(["description", "format", "default"]);

/** Schemas in the order in which they can be written: what is named by others first. */
const written = new Map();

function name(reference) {
  const found = /^#\/components\/schemas\/(\w+)$/.exec(reference);
  if (found === null) throw new Error(`not a schema of this document: ${reference}`);
  return found[1];
}

function write(id) {
  if (written.has(id)) return;
  written.set(id, null);
  const schema = schemas[id];
  const body = parser(schema, id);
  written.delete(id);
  written.set(id, `${comment(schema.description)}const ${id} = ${body};`);
}

function comment(text) {
  return text === undefined ? "" : `/** ${text.replaceAll("*/", "* /")} */\n`;
}

function only(schema, ...known) {
  const other = Object.keys(schema).filter((key) => !words.has(key) && !known.includes(key));
  if (other.length > 0) throw new Error(`no rule for ${other.join(", ")} in ${JSON.stringify(schema)}`);
}

function parser(schema, where) {
  if (schema.$ref !== undefined) {
    only(schema, "$ref");
    write(name(schema.$ref));
    return name(schema.$ref);
  }
  if (schema.oneOf !== undefined) {
    only(schema, "oneOf");
    const rest = schema.oneOf.filter((one) => one.type !== "null");
    if (rest.length !== 1 || rest.length === schema.oneOf.length) throw new Error(`${where}: not one thing or null`);
    return `v.nullable(${parser(rest[0], where)})`;
  }
  if (schema.allOf !== undefined) {
    only(schema, "allOf");
    return `v.object({ ${schema.allOf.map((part) => shared(part, where)).join("\n")} })`;
  }
  if (Array.isArray(schema.type)) {
    const [type, none, ...more] = schema.type;
    if (none !== "null" || more.length > 0) throw new Error(`${where}: not one type or null`);
    return `v.nullable(${parser({ ...schema, type }, where)})`;
  }
  switch (schema.type) {
    case "string": {
      only(schema, "type", "enum");
      if (schema.enum === undefined) return "v.string()";
      const known = schema.enum.length === 1 ? `v.literal(${JSON.stringify(schema.enum[0])})` : `v.picklist(${JSON.stringify(schema.enum)})`;
      return schema.default === undefined ? known : `v.fallback(${known}, ${JSON.stringify(schema.default)})`;
    }
    case "boolean":
      only(schema, "type");
      return "v.boolean()";
    case "integer":
    case "number": {
      only(schema, "type", "minimum");
      const checks = [...(schema.type === "integer" ? ["v.integer()"] : []), ...(schema.minimum === undefined ? [] : [`v.minValue(${schema.minimum})`])];
      return checks.length === 0 ? "v.number()" : `v.pipe(v.number(), ${checks.join(", ")})`;
    }
    case "array":
      only(schema, "type", "items");
      return `v.array(${parser(schema.items, where)})`;
    case "object":
      // What the host takes in no other shape it gives in that shape too.
      only(schema, "type", "properties", "required", "additionalProperties");
      // JSON without a fixed shape.
      if (schema.properties === undefined) return "v.unknown()";
      return `v.object({ ${entries(schema, where)} })`;
    case undefined:
      only(schema);
      return "v.unknown()";
    default:
      throw new Error(`${where}: no rule for the type ${schema.type}`);
  }
}

/** What one of the schemas gives that an object is put together from. */
function shared(part, where) {
  if (part.$ref !== undefined) return `...${parser(part, where)}.entries,`;
  only(part, "type", "properties", "required");
  return entries(part, where);
}

function entries(schema, where) {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties)
    .map(([key, property]) => {
      const inner = parser(property, `${where}.${key}`);
      const value = required.has(key) ? inner : `v.optional(${inner})`;
      return `${comment(property.description)}${key}: ${value},`;
    })
    .join("\n");
}

/** One event: what every event has, and what its kind has. */
function variant(body) {
  only(body, "type", "properties", "required");
  const tag = body.properties.type?.enum;
  if (tag?.length !== 1) throw new Error(`an event without a tag: ${JSON.stringify(body)}`);
  return `${comment(body.description)}v.object({ ${entries(body, tag[0])}\n...envelope }),`;
}

function events() {
  const [body, all, ...more] = schemas.WireEvent.allOf;
  if (more.length > 0 || body?.$ref === undefined) throw new Error("an event is its body and what all have");
  const variants = schemas[name(body.$ref)].oneOf.map(variant);
  return `/** What every event has. */
const envelope = { ${entries(all, "event")} };

/** Events, told apart by their \`type\`. */
export const wireEvent = v.variant("type", [\n${variants.join("\n")}\n]);`;
}

const union = events();
const source = `/**
 * Written by scripts/generate-events.mjs from openapi.json: the events of a conversation's history and of its stream,
 * and the parser that checks them. Run \`npm run generate-types\` after a change of the document.
 */
import * as v from "valibot";

${[...written.values()].join("\n\n")}

${union}

export type WireEvent = v.InferOutput<typeof wireEvent>;
`;
const formatted = await format(source, { ...(await resolveConfig(target)), filepath: target });
if (process.argv.includes("--print")) process.stdout.write(formatted);
else writeFileSync(target, formatted);
