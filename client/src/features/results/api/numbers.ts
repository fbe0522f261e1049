import { queryOptions } from "@tanstack/react-query";
import { json } from "@/api/http";
import type { CheckedNumbers, NumbersQuestion } from "@/api/types";
import type { NumberFind } from "@/shared/markdown/numbers";

/** A cell, else what else it is known from. */
function placeOf(found: CheckedNumbers["numbers"][number]["found"]): NumberFind {
  if (found === null) return null;
  const { result, row, column, source } = found;
  return result != null && row != null && column != null ? { result, row, column } : { source: source ?? "tool" };
}

/** Where the numbers of a turn's answer come from. Nothing is said where the host could not look everywhere. */
export const numbersQuery = (executionId: string, numbers: readonly string[], results: readonly string[]) =>
  queryOptions({
    queryKey: ["executions", executionId, "numbers", numbers, results],
    queryFn: async ({ signal }): Promise<ReadonlyMap<string, NumberFind>> => {
      const body: NumbersQuestion = { numbers: [...numbers], results: [...results] };
      const said = await json<CheckedNumbers>(`/api/turns/${encodeURIComponent(executionId)}/numbers`, { method: "POST", body, signal });
      const finds = said.complete ? said.numbers : said.numbers.filter(({ found }) => found !== null);
      return new Map(finds.map(({ number, found }) => [number, placeOf(found)]));
    },
    staleTime: Infinity,
    // A host without this says nothing of numbers.
    retry: false,
    structuralSharing: false,
  });
