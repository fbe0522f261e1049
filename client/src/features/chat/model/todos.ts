/** What the agent means to do: the newest list that a call of this conversation gave. */
import * as v from "valibot";
import { asRecord } from "@/shared/lib/record";
import type { ConversationView, ToolItem, TurnView } from "./view";

const todoSchema = v.object({
  content: v.string(),
  status: v.picklist(["pending", "in_progress", "completed"]),
  activeForm: v.optional(v.nullable(v.string()), null),
});

export type Todo = v.InferOutput<typeof todoSchema>;

/** What each turn says, looked for once: a turn that changes is another object, and each piece of an answer asks. */
const known = new WeakMap<TurnView, readonly Todo[] | null>();

/** The newest list; empty where there is none, and where it was finished in a turn before the last. */
export function todosOf({ turns }: ConversationView): readonly Todo[] {
  for (let index = turns.length - 1; index >= 0; index -= 1) {
    const turn = turns[index];
    const todos = turn === undefined ? null : ofTurn(turn);
    if (todos === null) continue;
    const isDone = todos.every(({ status }) => status === "completed");
    return isDone && index < turns.length - 1 ? [] : todos;
  }
  return [];
}

/** The last list of a turn; `null`: it gives none. */
function ofTurn(turn: TurnView): readonly Todo[] | null {
  let todos = known.get(turn);
  if (todos === undefined) {
    const call = turn.items.findLast((item) => item.kind === "tool" && givesTodos(item));
    todos = call?.kind === "tool" ? listOf(call) : null;
    known.set(turn, todos);
  }
  return todos;
}

function givesTodos({ resultKind, result }: ToolItem): boolean {
  return resultKind === "todos" && result !== null && !result.isError;
}

function listOf({ result }: ToolItem): readonly Todo[] {
  const todos = asRecord(result?.structured)["todos"];
  if (!Array.isArray(todos)) return [];
  return todos.flatMap((raw: unknown) => {
    const parsed = v.safeParse(todoSchema, raw);
    return parsed.success ? [parsed.output] : [];
  });
}
