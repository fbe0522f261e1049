/** The shapes of the skill routes, by the names used here. */
import type { components } from "@/api/schema";

type Schemas = components["schemas"];

export type Skill = Schemas["SkillInfo"];
export type SkillList = Schemas["SkillList"];
export type SkillNode = Schemas["SkillNode"];
export type SkillTree = Schemas["SkillTree"];
export type SkillFile = Schemas["SkillFileContent"];
export type Reloaded = Schemas["ReloadedSkills"];
export type EnabledSkills = Schemas["EnabledSkills"];
