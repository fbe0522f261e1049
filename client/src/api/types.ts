/**
 * The shapes of the host's JSON, by the names used here. They are generated: `openapi.json` is written by the host,
 * `schema.d.ts` and `events.ts` from it (`npm run generate-types`), and tests check that all are fresh.
 * Events are checked one by one as they arrive, in `wire.ts`.
 */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Me = Schemas["Me"];
export type ModelChoices = Schemas["ModelChoices"];
export type ModelChoice = Schemas["ModelChoice"];
export type Project = Schemas["Project"];
export type ProjectList = Schemas["ProjectList"];
export type ConversationSummary = Schemas["ConversationSummary"];
export type ConversationList = Schemas["ConversationList"];
export type ConversationDetail = Schemas["ConversationDetail"];
export type TurnSettings = Schemas["Settings"];
export type Warehouse = Schemas["Warehouse"];
export type Cluster = Schemas["Cluster"];
export type Catalog = Schemas["Catalog"];
export type Schema = Schemas["Schema"];
export type Look = Schemas["Look"];
export type ToolInfo = Schemas["Tool"];
export type ProjectFile = Schemas["FileInfo"];
export type ProjectFiles = Schemas["FileList"];
export type InvokeRequest = Schemas["Invoke"];
export type InvokeAnswer = Schemas["Invoked"];
export type WireBody = Schemas["WireBody"];
export type Resource = Schemas["Resource"];
export type ResourceList = Schemas["ResourceList"];
export type ResultInfo = Schemas["ResultInfo"];
export type ResultColumn = Schemas["ResultColumnInfo"];
export type ResultRows = Schemas["ResultRows"];
export type RunAgainRequest = Schemas["RunAgain"];
export type ResultChanges = Schemas["ResultChanges"];
export type CheckedNumbers = Schemas["CheckedNumbers"];
export type NumbersQuestion = Schemas["NumbersQuestion"];
