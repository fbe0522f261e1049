/** What an approval shows: every part of the call, and every argument that the parts do not show already. */
import { asRecord } from "@/shared/lib/record";
import { titleOf } from "./describeTool";
import type { ConversationView, Effect, Operation, ToolItem, TurnView } from "./view";

export interface Asked {
  readonly operations: readonly Operation[];
  readonly effect: Effect;
  readonly fields: readonly { readonly name: string; readonly text: string }[];
}

const gravity: readonly Effect[] = ["reads", "writes", "shares", "destroys"];

/** Where nobody could say what a call does, it counts as destroying. */
const unknown: Operation = { effect: "destroys", verb: "", objects: [], text: null, detail: null };

/** What a plugin answers that does not know. */
const NO_VERB = "UNKNOWN";

export function whatRuns(tool: ToolItem): Asked {
  const said = tool.approval?.operations ?? [];
  const operations = said.length === 0 ? [unknown] : said;
  const fields = fieldsOf(tool.input).filter(({ text }) => !isCovered(text, operations));
  return { operations, effect: gravest(operations), fields };
}

function gravest(operations: readonly Operation[]): Effect {
  return operations.reduce<Effect>((worst, { effect }) => (gravity.indexOf(effect) > gravity.indexOf(worst) ? effect : worst), "reads");
}

/** "DROP TABLE main.sales.orders"; empty where nothing is known. */
export function operationName({ verb, objects }: Pick<Operation, "verb" | "objects">): string {
  return [verb === NO_VERB ? "" : verb, objects.join(", ")].filter((part) => part !== "").join(" ");
}

/** A call in a few words: what it would do, or else what it was called with. */
export function callName(tool: ToolItem): string {
  const operations = tool.approval?.operations ?? [];
  const [first] = operations;
  const what = operations.length > 1 ? `${operations.length} operations` : first === undefined ? "" : operationName(first);
  return [titleOf(tool), what === "" ? tool.detail : what].filter((part) => part !== "").join(": ");
}

/** A call that waits for an answer. */
export interface WaitingCall {
  readonly tool: ToolItem;
  /** The turn, or the subagent's work, that it is a call of. */
  readonly turn: TurnView;
  /** The call that asked that subagent; `null` for the agent's own. */
  readonly askedBy: ToolItem | null;
}

/** Calls of the running turn and of its subagents that wait for an answer, in the order in which they are asked. */
export function waitingCalls(view: ConversationView): readonly WaitingCall[] {
  const turn = view.turns.at(-1);
  return turn?.status === "running" ? waitingIn(turn, null) : [];
}

function waitingIn(turn: TurnView, askedBy: ToolItem | null): WaitingCall[] {
  return turn.items.flatMap((tool) => {
    if (tool.kind !== "tool") return [];
    if (tool.status === "waiting") return [{ tool, turn, askedBy }];
    return tool.subagent?.status === "running" ? waitingIn(tool.subagent, tool) : [];
  });
}

function fieldsOf(input: unknown): { name: string; text: string }[] {
  const record = typeof input === "object" && input !== null && !Array.isArray(input);
  if (!record) return input == null ? [] : [{ name: "input", text: textOf(input) }];
  return Object.entries(asRecord(input)).map(([name, value]) => ({ name, text: textOf(value) }));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}

/** The parts' own texts are all of it: between them is nothing but what separates statements. */
function isCovered(text: string, operations: readonly Operation[]): boolean {
  let at = 0;
  let shown = 0;
  for (const part of operations) {
    if (part.text === null || part.text.trim() === "") continue;
    const found = text.indexOf(part.text, at);
    if (found === -1 || !isSeparator(text.slice(at, found))) return false;
    at = found + part.text.length;
    shown += 1;
  }
  return shown > 0 && isSeparator(text.slice(at));
}

/** What stands between statements that people write; more of it could hide something, and is shown. */
function isSeparator(text: string): boolean {
  return /^[\s;]*$/.test(text) && text.length <= MAX_SEPARATOR;
}

const MAX_SEPARATOR = 24;
