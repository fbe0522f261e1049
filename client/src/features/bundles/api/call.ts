import * as v from "valibot";
import { json } from "@/api/http";
import type { Look } from "@/api/types";
import type { Read } from "./tools";

/** A tool that ran and failed, in its own words. */
export class ToolFailure extends Error {
  readonly kind: string;
  readonly remedy: string | null;

  constructor(kind: string, message: string, remedy: string | null) {
    super(message);
    this.name = "ToolFailure";
    this.kind = kind;
    this.remedy = remedy;
  }
}

/** Calls a tool that only reads, as who looks at the page, outside of every conversation. */
export async function callTool<S extends v.GenericSchema>(
  projectId: string,
  tool: Read,
  input: Record<string, unknown>,
  schema: S,
  signal: AbortSignal,
): Promise<v.InferOutput<S>> {
  const path = `/api/projects/${encodeURIComponent(projectId)}/tools/${encodeURIComponent(tool)}/call`;
  const { failure, structured } = await json<Look>(path, { method: "POST", body: { input }, signal });
  if (failure !== null) throw new ToolFailure(failure.kind, failure.message, failure.remedy);
  const parsed = v.safeParse(schema, structured);
  if (parsed.success) return parsed.output;
  throw new ToolFailure(
    "unreadable",
    "The tool answered in a form that this page does not know. Reload the page; if it stays, another version of the tool is installed.",
    null,
  );
}
