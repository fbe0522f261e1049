/** Why a call was allowed to run, in the words of its card. */
import type { components } from "@/api/schema";

interface Grounds {
  readonly kind: components["schemas"]["GroundsWord"];
  /** The rule, as it was written. */
  readonly rule?: string | null | undefined;
  /** When the user allowed the same for longer. */
  readonly since?: string | null | undefined;
}

/** One sentence. */
export function groundsInWords({ kind, rule, since }: Grounds): string {
  switch (kind) {
    case "mode":
      return "Ran without a question: the conversation’s mode does not ask about it.";
    case "rule":
      return rule == null ? "Ran without a question: a rule of the project allows it." : `Ran without a question: the project’s rule “${rule}” allows it.`;
    case "standing": {
      const day = since == null ? null : new Date(since);
      const when = day === null || Number.isNaN(day.getTime()) ? "" : ` on ${day.toLocaleString()}`;
      return `Ran without a question: you allowed the same for this conversation${when}.`;
    }
    case "answered":
      return "You said yes to this call.";
    case "continues":
      return "Goes on with what an allowed call began.";
  }
}
