/** How full the model's context is. */
import type { ContextSize, ConversationView } from "./view";

interface ContextPart {
  readonly label: string;
  readonly tokens: number;
}

export interface ContextFill {
  readonly parts: readonly ContextPart[];
  readonly total: number;
  /** How much of what fits before a summary is made, 0 to 1; `null` where none is made. */
  readonly share: number | null;
  readonly limit: number | null;
}

/** What the newest step reads; `null` before there is one. */
export function contextOf(view: ConversationView): ContextFill | null {
  const context = view.turns.findLast((turn) => turn.context !== null)?.context;
  return context === undefined || context === null ? null : fillOf(context);
}

function fillOf({ instructions, tools, messages, results, compactedAbove }: ContextSize): ContextFill {
  const parts = [
    { label: "Instructions", tokens: instructions },
    { label: "Tools", tokens: tools },
    { label: "Messages", tokens: messages },
    { label: "Results", tokens: results },
  ];
  const total = instructions + tools + messages + results;
  const share = compactedAbove === null || compactedAbove === 0 ? null : Math.min(1, total / compactedAbove);
  return { parts, total, share, limit: compactedAbove };
}
