/** What the agent means to do: the newest list that a call of this conversation gave. */
import * as v from "valibot";
import { asRecord } from "@/shared/lib/record";
import type { ConversationView, ToolItem } from "./view";

const todoSchema = v.object({
  content: v.string(),
  status: v.picklist(["pending", "in_progress", "completed"]),
  activeForm: v.optional(v.nullable(v.string()), null),
});

export type Todo = v.InferOutput<typeof todoSchema>;

/** The newest list; empty where there is none, and where it was finished in a turn before the last. */
export function todosOf({ turns }: ConversationView): readonly Todo[] {
  for (const turn of turns.toReversed()) {
    const call = turn.items.findLast((item) => item.kind === "tool" && givesTodos(item));
    if (call?.kind !== "tool") continue;
    const todos = listOf(call);
    const isDone = todos.every(({ status }) => status === "completed");
    return isDone && turn !== turns.at(-1) ? [] : todos;
  }
  return [];
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
