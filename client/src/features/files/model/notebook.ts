/** A notebook as cells: Jupyter's JSON, or the source form of Databricks. */
import * as v from "valibot";

type NotebookOutput = { kind: "text"; text: string } | { kind: "picture"; source: string } | { kind: "error"; text: string };

export interface NotebookCell {
  kind: "markdown" | "code";
  text: string;
  language: string;
  outputs: readonly NotebookOutput[];
}

const lines = v.union([v.string(), v.array(v.string())]);
const cell = v.object({ cell_type: v.string(), source: v.optional(lines, ""), outputs: v.optional(v.array(v.record(v.string(), v.unknown())), []) });
const jupyter = v.object({
  cells: v.array(cell),
  metadata: v.optional(v.object({ language_info: v.optional(v.object({ name: v.optional(v.string(), "") })) }), {}),
});

/** `null`: this is no notebook that can be read. */
export function readJupyter(source: string): NotebookCell[] | null {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    return null;
  }
  const parsed = v.safeParse(jupyter, value);
  if (!parsed.success) return null;
  const language = parsed.output.metadata.language_info?.name ?? "python";
  return parsed.output.cells.map((entry) => {
    const body = text(entry.source) ?? "";
    if (entry.cell_type !== "code") return { kind: "markdown", text: body, language: "", outputs: [] };
    const magic = /^%%?(\w+)/.exec(body)?.[1];
    return { kind: "code", text: body, language: magic ?? language, outputs: entry.outputs.flatMap(outputOf) };
  });
}

const ESCAPE = "\u001B";

function outputOf(output: Record<string, unknown>): NotebookOutput[] {
  if (output["output_type"] === "error") {
    const trace = Array.isArray(output["traceback"]) ? output["traceback"].join("\n") : `${String(output["ename"])}: ${String(output["evalue"])}`;
    // Without the colours of a terminal.
    return [
      {
        kind: "error",
        text: trace
          .split(ESCAPE)
          .join("")
          .replaceAll(/\[[\d;]*m/g, ""),
      },
    ];
  }
  const direct = text(output["text"]);
  if (direct !== null) return [{ kind: "text", text: direct }];
  const data = output["data"];
  if (typeof data !== "object" || data === null) return [];
  const forms = data as Record<string, unknown>;
  for (const type of ["image/png", "image/jpeg"]) {
    const base64 = text(forms[type])?.replaceAll(/\s/g, "");
    if (base64 !== undefined && /^[A-Za-z0-9+/]+=*$/.test(base64)) return [{ kind: "picture", source: `data:${type};base64,${base64}` }];
  }
  const plain = text(forms["text/plain"]);
  return plain === null ? [] : [{ kind: "text", text: plain }];
}

/** Text, or its lines. */
function text(value: unknown): string | null {
  if (typeof value === "string") return value;
  return Array.isArray(value) && value.every((line) => typeof line === "string") ? value.join("") : null;
}

const comments: Readonly<Record<string, { mark: string; language: string }>> = {
  py: { mark: "#", language: "python" },
  sql: { mark: "--", language: "sql" },
  scala: { mark: "//", language: "scala" },
  r: { mark: "#", language: "r" },
};

/** `null`: this is a program and no notebook. */
export function readSource(source: string, extension: string): NotebookCell[] | null {
  const known = comments[extension];
  if (known === undefined || !source.startsWith(`${known.mark} Databricks notebook source`)) return null;
  const body = source.slice(source.indexOf("\n") + 1);
  return body
    .split(new RegExp(`^${known.mark} COMMAND -+ *$`, "m"))
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => sourceCell(part, known));
}

function sourceCell(part: string, { mark, language }: { mark: string; language: string }): NotebookCell {
  const magic = `${mark} MAGIC`;
  if (!part.startsWith(magic)) return { kind: "code", text: part, language, outputs: [] };
  const inner = part
    .split("\n")
    .map((line) => (line.startsWith(magic) ? line.slice(magic.length).replace(/^ /, "") : line))
    .join("\n");
  const [name = ""] = /^%\w+/.exec(inner) ?? [];
  if (name === "%md") return { kind: "markdown", text: inner.slice(name.length).trim(), language: "", outputs: [] };
  return { kind: "code", text: inner, language: name.slice(1), outputs: [] };
}
