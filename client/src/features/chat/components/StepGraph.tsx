import { useMemo } from "react";
import { TaskGraph, type TaskNode } from "@/shared/ui/TaskGraph";
import type { Step } from "../model/view";

const shown: Record<Step["state"], Pick<TaskNode, "note" | "tone">> = {
  waiting: { note: "waits", tone: "plain" },
  running: { note: "runs", tone: "info" },
  succeeded: { note: "done", tone: "good" },
  failed: { note: "failed", tone: "bad" },
  skipped: { note: "left out", tone: "dim" },
};

/** The steps of a call's work, each behind what it depends on, with where it stands. */
export function StepGraph({ steps }: { steps: readonly Step[] }) {
  const nodes = useMemo(() => steps.map(({ key, link, dependsOn, state }) => ({ key, link, dependsOn, ...shown[state] })), [steps]);
  return <TaskGraph label="Steps" nodes={nodes} />;
}
