/** How a call stands or ended: one word, and how grave that is. */
import { asRecord } from "@/shared/lib/record";
import type { ToolItem } from "./view";

export type Outcome = "planned" | "waiting" | "running" | "done" | "partly" | "failed" | "stopped" | "declined" | "refused";

export const outcomeWords: Record<Outcome, string> = {
  planned: "planned",
  waiting: "waits for you",
  running: "running",
  done: "done",
  partly: "partly failed",
  failed: "failed",
  stopped: "stopped by you",
  declined: "declined",
  refused: "not run",
};

export function outcomeOf(tool: ToolItem): Outcome {
  const { status, result, approval } = tool;
  if (status === "answered") return "running";
  if (status === "planned" || status === "waiting" || status === "running" || status === "stopped") return status;
  if (approval?.decision === "no" || approval?.decision === "stop") return "declined";
  if (result?.errorKind === "cancelled") return "stopped";
  // What a rule or an earlier answer kept from running did not fail.
  if (result?.errorKind === "denied" && result.denied === null) return "refused";
  if (result?.isError === true) return "failed";
  return ofSteps(result?.structured);
}

/** Whether there is something in it that a person has to look at. */
export function needsLooking(outcome: Outcome): boolean {
  return outcome === "failed" || outcome === "partly";
}

/** A script went as far as its statements did. */
function ofSteps(structured: unknown): Outcome {
  const steps = asRecord(structured)["steps"];
  if (!Array.isArray(steps)) return "done";
  const states = new Set(steps.map((step) => asRecord(step)["status"]));
  if (!states.has("failed")) return "done";
  return states.has("succeeded") ? "partly" : "failed";
}
