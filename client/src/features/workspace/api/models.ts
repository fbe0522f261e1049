/** The words for what models can, and which one a message goes to. */
import type { ModelChoice, ModelChoices } from "@/api/types";
import { formatCount } from "@/shared/lib/format";

/** By the host's name for them. */
const providers: Readonly<Record<string, string>> = {
  databricks: "Your workspace",
  openai: "OpenAI or compatible",
  anthropic: "Anthropic",
  offline: "This host",
};

export function providerName(provider: string): string {
  return providers[provider] ?? provider;
}

/** What is known of what a model can, in one line; empty when nothing is. */
export function abilities(model: ModelChoice): string {
  const can = [
    [model.pictures, "pictures"],
    [model.documents, "documents"],
    [model.thinking, "reasoning"],
    [model.prompt_cache, "cached prompts"],
  ] as const;
  const said: string[] = can.flatMap(([has, word]) => (has === true ? [word] : []));
  if (model.context_tokens !== null) said.unshift(`${thousands(model.context_tokens)} tokens of context`);
  if (model.tools === false) said.push("no tools");
  return said.join(" · ");
}

function thousands(count: number): string {
  return count < 1_000 ? formatCount(count) : `${formatCount(Math.round(count / 1_000))}K`;
}

export type Choice =
  /** As far as is known. */
  | { readonly state: "listed"; readonly name: string }
  /** Its provider's list is here, and it is not in it. */
  | { readonly state: "gone"; readonly name: string }
  /** It is there and cannot be used. */
  | { readonly state: "unavailable"; readonly name: string; readonly reason: string };

/** The model of the next message. Nobody says that one is gone while a list is missing. */
export function choiceOf(chosen: string, choices: ModelChoices | undefined): Choice {
  const found = choices?.providers.flatMap(({ models }) => models).find(({ id }) => id === chosen);
  if (found === undefined) {
    const complete = choices?.providers.every(({ problem }) => problem === null) === true;
    return { state: complete ? "gone" : "listed", name: chosen };
  }
  return found.unavailable === null ? { state: "listed", name: found.name } : { state: "unavailable", name: found.name, reason: found.unavailable };
}
