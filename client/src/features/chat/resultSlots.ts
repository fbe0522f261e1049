import { type ComponentType, type ReactNode, createContext } from "react";
import type { ResultRef } from "@/api/resultRef";

/** How the results of calls are drawn in the thread, given by whoever shows it: the thread knows only where. */
export interface ResultSlotsValue {
  /** What a call left, in its place. `of`: what was called, in a few words. */
  Results: ComponentType<{ results: readonly ResultRef[]; of: string }>;
  /** A chart by its specification, in its call's place. */
  Chart: ComponentType<{ chart: unknown }>;
  /** Stands around a turn's answer and knows where its numbers come from; `null` while the answer grows. */
  Numbers: ComponentType<{ executionId: string; answer: string | null; children: ReactNode }>;
}

export const ResultSlots = createContext<ResultSlotsValue | null>(null);
