import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo, useSyncExternalStore } from "react";
import { NumberFinds, marksNumbers, numbersInMarkdown } from "@/shared/markdown/numbers";
import { resultsIn } from "@/shared/markdown/resultLinks";
import { numbersQuery } from "../api/numbers";

interface NumbersOfTurnProps {
  executionId: string;
  /** What the turn said; `null` while it says more. */
  answer: string | null;
  children: ReactNode;
}

/** Knows where the numbers of an answer come from, once it is there and unless nobody wants to know. */
export function NumbersOfTurn({ executionId, answer, children }: NumbersOfTurnProps) {
  const wanted = useSyncExternalStore(marksNumbers.subscribe, marksNumbers.get);
  const numbers = useMemo(() => (answer === null || !wanted ? [] : numbersInMarkdown(answer)), [answer, wanted]);
  const cited = useMemo(() => (answer === null ? [] : resultsIn(answer)), [answer]);
  const finds = useQuery({ ...numbersQuery(executionId, numbers, cited), enabled: numbers.length > 0 });
  return <NumberFinds value={numbers.length > 0 ? (finds.data ?? null) : null}>{children}</NumberFinds>;
}
