import type { Skill } from "../api/types";

/** Where a skill comes from, in a word or two; none for a copy that is as the host has it. */
export function originWord(skill: Skill): string | null {
  if (skill.origin === "operator") return "Operator";
  if (skill.origin === "shipped") return "Shipped";
  if (!skill.copied) return "Uploaded";
  return skill.edited ? "Edited" : null;
}

/** Whether the project has something of its own that can be given up. */
export const canRemove = (skill: Skill): boolean => skill.origin === "project" && (!skill.copied || skill.edited);

/** Whether a skill has to do with what somebody types. */
export function matches(skill: Skill, typed: string): boolean {
  const wanted = typed.trim().toLowerCase();
  return wanted === "" || `${skill.name} ${skill.description}`.toLowerCase().includes(wanted);
}

/** The names that are enabled once this one is switched; `null` when it is all of them, so that later ones are too. */
export function switched(skills: readonly Skill[], name: string, on: boolean): string[] | null {
  const names = skills.filter((skill) => (skill.name === name ? on : skill.enabled)).map((skill) => skill.name);
  return names.length === skills.length ? null : names;
}

/** A SKILL.md in its two parts: what is said of the skill, and what the agent is told. */
export function parts(text: string): { front: string | null; body: string } {
  const found = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(text);
  return found === null ? { front: null, body: text } : { front: found[1] ?? "", body: text.slice(found[0].length) };
}
