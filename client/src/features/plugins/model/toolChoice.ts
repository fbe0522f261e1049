import type { ChosenTools } from "../api/types";

/** How a project has a tool or a family. */
export type Chosen = "usual" | "pinned" | "hidden";

export function chosenOf({ pinned, hidden }: ChosenTools, name: string): Chosen {
  if (hidden.includes(name)) return "hidden";
  return pinned.includes(name) ? "pinned" : "usual";
}

export function withChoice({ pinned, hidden }: ChosenTools, name: string, chosen: Chosen): ChosenTools {
  const others = (names: readonly string[]): string[] => names.filter((other) => other !== name);
  return {
    pinned: chosen === "pinned" ? [...others(pinned), name] : others(pinned),
    hidden: chosen === "hidden" ? [...others(hidden), name] : others(hidden),
  };
}
