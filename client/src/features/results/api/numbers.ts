import { queryOptions } from "@tanstack/react-query";
import * as v from "valibot";
import { json } from "@/api/http";
import type { NumberFind } from "@/shared/markdown/numbers";

const find = v.nullable(v.union([v.object({ result: v.string(), row: v.number(), column: v.number() }), v.object({ source: v.string() })]));
const answer = v.object({ numbers: v.array(v.object({ number: v.string(), found: find })), complete: v.boolean() });

/** Where the numbers of a turn's answer come from. Nothing is said where the host could not look everywhere. */
export const numbersQuery = (executionId: string, numbers: readonly string[], results: readonly string[]) =>
  queryOptions({
    queryKey: ["executions", executionId, "numbers", numbers, results],
    queryFn: async ({ signal }): Promise<ReadonlyMap<string, NumberFind>> => {
      const body = { numbers, results };
      const said = v.parse(answer, await json<unknown>(`/api/turns/${encodeURIComponent(executionId)}/numbers`, { method: "POST", body, signal }));
      const finds = said.complete ? said.numbers : said.numbers.filter(({ found }) => found !== null);
      return new Map(finds.map(({ number, found }) => [number, found]));
    },
    staleTime: Infinity,
    // A host without this says nothing of numbers.
    retry: false,
    structuralSharing: false,
  });
