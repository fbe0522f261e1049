/** What is said of a failed call, taken apart: what happened, and what a person does about it. */
import type { ToolResult } from "./view";

/** The message alone: what the host appends to it for the model has places of its own here. */
export function failureMessage({ content, remedy, retryAfterSeconds }: ToolResult): string {
  const withoutTime = retryAfterSeconds === null ? content : withoutEnd(content, `\nTry again after ${retryAfterSeconds} seconds.`);
  return remedy === null ? withoutTime : withoutEnd(withoutTime, `\nRemedy: ${remedy}`);
}

/** A remedy that is a command, for whoever works on the host's own command line; any other is a sentence for everybody. */
export function isCommand(remedy: string): boolean {
  return remedy.startsWith("bricklayer ");
}

function withoutEnd(text: string, end: string): string {
  return text.endsWith(end) ? text.slice(0, -end.length) : text;
}
