import { plural } from "@/shared/lib/format";
import { titleOf } from "./describeTool";
import { chartOf, hasRows } from "./output";
import { needsLooking, outcomeOf } from "./outcome";
import type { Item, ProseItem, ToolItem } from "./view";

export type Group = { kind: "text" | "thinking"; key: string; item: ProseItem } | { kind: "tools"; key: string; items: readonly ToolItem[] };

/** Items as they are laid out: tool calls that follow each other lie together. */
export function groupItems(items: readonly Item[]): readonly Group[] {
  const groups: Group[] = [];
  let tools: ToolItem[] = [];
  for (const item of items) {
    if (item.kind !== "tool") {
      if (item.text !== "" || item.kind === "thinking") {
        groups.push({ kind: item.kind, key: item.key, item });
        tools = [];
      }
    } else if (tools.length > 0) tools.push(item);
    else {
      tools = [item];
      groups.push({ kind: "tools", key: `tools-${item.key}`, items: tools });
    }
  }
  return groups;
}

/** As many calls in a row can be read one by one. */
const MANY_CALLS = 4;

export interface Course {
  /** Finished calls that need no look, behind one line. */
  readonly folded: readonly ToolItem[];
  readonly shown: readonly ToolItem[];
  /** The one call whose rows are shown without being opened. */
  readonly openId: string | null;
}

/** Many calls in a row would drown the answer: only those that go on, that went wrong, and the last one are shown. */
export function layCourse(tools: readonly ToolItem[]): Course {
  const openId = tools.findLast((tool) => hasRows(tool.result))?.id ?? null;
  if (tools.length <= MANY_CALLS) return { folded: [], shown: tools, openId };
  const isShown = (tool: ToolItem, index: number): boolean =>
    tool.result === null || chartOf(tool) !== null || needsLooking(outcomeOf(tool)) || index === tools.length - 1;
  return { folded: tools.filter((tool, index) => !isShown(tool, index)), shown: tools.filter(isShown), openId };
}

/** "Run SQL · 32 calls"; calls of several kinds are just calls. */
export function courseName(tools: readonly ToolItem[]): string {
  const [first] = tools;
  if (first === undefined) return "";
  const same = tools.every((tool) => tool.name === first.name);
  if (!same) return `Made ${plural(tools.length, "call")}`;
  return `${titleOf(first)} · ${plural(tools.length, "call")}`;
}

/** What the calls took one after the other. */
export function courseDurationMs(tools: readonly ToolItem[]): number {
  return tools.reduce((sum, tool) => sum + (tool.result?.durationMs ?? 0), 0);
}
