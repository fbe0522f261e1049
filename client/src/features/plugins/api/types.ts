/** The shapes of the plugin routes, by the names used here. The words that a member may be are said where they matter. */
import type { components } from "@/api/schema";

type Schemas = components["schemas"];

export type HeldRules = Schemas["HeldRules"];
export type ProjectRules = Schemas["ProjectRules"];
export type Rule = Schemas["Rule"];
export type ChosenTools = Schemas["ChosenTools"];
export type Plugin = Schemas["Plugin"];
export type PluginList = Schemas["PluginList"];
export type Policy = Schemas["PluginPolicy"];
export type Scope = Schemas["PluginScope"];
export type PluginStatus = Schemas["PluginStatus"];
export type Signature = Schemas["PluginSignature"];
export type PowerRequest = Schemas["PluginRequest"];
export type Given = Schemas["GivenWhere"];
export type Usage = Schemas["PluginUsage"];
export type LastError = Schemas["PluginFault"];
export type Diff = Schemas["PluginDiff"];
export type PendingVersion = Schemas["PendingUpdate"];
export type Inspection = Schemas["PluginInspection"];
export type UpdateAnswer = Schemas["PluginUpdate"];
export type InstallRequest = Schemas["InstallPlugin"];
export type ConsentRequest = Schemas["ConsentPlugin"];
/** One `PUT`: all the powers that are given in one scope. */
export type GrantChange = Schemas["SetGrants"];
export type AuditEntry = Schemas["PluginRecord"];
export type AuditPage = Schemas["PluginAudit"];
