/** What the chat shows: a fold of the conversation's events. Built only by `reduce.ts`. */
import type { ResultRef } from "@/api/resultRef";
import type { TurnSettings } from "@/api/types";
import type { PermissionMode } from "@/shared/lib/modes";

export interface ConversationView {
  readonly turns: readonly TurnView[];
  /** The last stored event that is part of this view; where a stream continues. */
  readonly lastSeq: number;
}

type TurnStatus = "running" | "completed" | "failed" | "cancelled";

export interface TurnView {
  readonly executionId: string;
  /** Its first event; `null` while that is not known. */
  readonly firstSeq: number | null;
  readonly message: string;
  readonly at: string | null;
  readonly settings: Readonly<Partial<Record<keyof TurnSettings, string | null | undefined>>> | null;
  readonly status: TurnStatus;
  readonly model: string | null;
  readonly step: number;
  /** What its newest step reads; `null` where the host does not say. */
  readonly context: ContextSize | null;
  /** In reading order; each has a key of its own within the turn. */
  readonly items: readonly Item[];
  /** The model is being asked again after a failure. */
  readonly retry: { readonly attempt: number; readonly delayMs: number; readonly reason: string; readonly at: string | null } | null;
  readonly error: TurnError | null;
  readonly summary: TurnSummary | null;
  /** What was summarised for the model while it ran, in order. */
  readonly compactions: readonly Compaction[];
  /** The project's notes that the model was given at its beginning; `null` where it knew them. */
  readonly notes: { readonly file: string; readonly gone: boolean } | null;
}

/** What the model reads, in tokens, about. */
export interface ContextSize {
  readonly instructions: number;
  readonly tools: number;
  readonly messages: number;
  readonly results: number;
  /** From how many on a summary takes the place of what was said; `null`: never. */
  readonly compactedAbove: number | null;
}

/** From here on the model reads a summary in the place of what was said before a turn. */
interface Compaction {
  readonly seq: number;
  /** The first event of the first turn that the model still reads as it is. */
  readonly begins: number;
  readonly summary: string;
}

interface TurnError {
  readonly message: string;
  readonly code: string;
  /** What fits now, in the host's word, such as `continue`. */
  readonly remedy: string | null;
}

export interface TurnSummary {
  readonly steps: number;
  readonly durationMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** In millionths of a US dollar; 0 where no price is known. */
  readonly costMicroUsd: number;
}

export type Item = ProseItem | ToolItem;

interface Placed {
  readonly key: string;
  readonly step: number;
  /** Place inside the turn; items are sorted by it. */
  readonly order: number;
}

export interface ProseItem extends Placed {
  readonly kind: "text" | "thinking";
  readonly block: number;
  readonly text: string;
  /** How long the text is in Unicode scalar values, as the host counts. */
  readonly scalars: number;
  /** Set once the authoritative text is here; deltas no longer apply. */
  readonly final: boolean;
  /** The text was cut short by a stop or an error. */
  readonly aborted: boolean;
  /** Pieces that arrived before the piece they continue. */
  readonly early: readonly Delta[];
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export interface Delta {
  /** In Unicode scalar values. */
  readonly offset: number;
  readonly text: string;
}

export type ToolStatus = "planned" | "waiting" | "answered" | "running" | "succeeded" | "failed" | "stopped";

export interface ToolItem extends Placed {
  readonly kind: "tool";
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  /** What the call does, in its tool's own words: "Run SQL". */
  readonly title: string;
  /** The statement, the path, whatever tells this call from its sisters; one line. */
  readonly detail: string;
  /** What its typed result is, such as `table`; `null` where the tool does not say. */
  readonly resultKind: string | null;
  readonly status: ToolStatus;
  readonly approval: Approval | null;
  /** Why it was allowed to run, in a sentence; `null` until it runs. */
  readonly why: string | null;
  readonly startedAt: string | null;
  readonly progress: { readonly message: string; readonly done: number | null; readonly total: number | null; readonly steps: readonly Step[] } | null;
  readonly result: ToolResult | null;
  /** What the subagent did that the call asked; `null` where there is none. */
  readonly subagent: TurnView | null;
}

export interface Approval {
  readonly reason: string;
  readonly decision: Decision | null;
  /** What the call would do, part by part; empty where nobody could say. */
  readonly operations: readonly Operation[];
  /** What the call's tool found out by looking before it asked, in its own words; `null` where it did not look. */
  readonly preview: { readonly known: boolean; readonly text: string } | null;
  /** What an answer for the whole conversation would cover; `null`: it is not offered. */
  readonly standing: { readonly verb: string; readonly objects: readonly string[] } | null;
  /** Later calls of the same message that do not run if this one is declined. */
  readonly laterChanges: readonly string[];
  /** What the user answers, when that is what the call is for. */
  readonly questions: readonly Question[];
  /** The permission mode that the call proposes, with the plan that the user takes with it. */
  readonly proposal: Proposal | null;
}

export interface Proposal {
  /** Markdown; `null`: it is proposed to make one. */
  readonly plan: string | null;
  readonly modes: readonly PermissionMode[];
}

export interface Question {
  readonly header: string;
  readonly question: string;
  readonly options: readonly { readonly label: string; readonly description: string }[];
  readonly multi_select: boolean;
}

/** `stop`: do not run it, and end the turn. */
export type Decision = "once" | "conversation" | "no" | "stop";

/** From harmless to grave. `shares` gives rights away, or makes something reachable for others. */
export type Effect = "reads" | "writes" | "shares" | "destroys";

export interface Operation {
  readonly effect: Effect;
  /** As people say it: `DROP TABLE`. */
  readonly verb: string;
  readonly objects: readonly string[];
  /** This part's exact text. */
  readonly text: string | null;
  readonly detail: string | null;
}

export interface ToolResult {
  readonly content: string;
  readonly isError: boolean;
  readonly errorKind: string | null;
  /** What the plugin was not given, by its id, such as `GET https://api.weather.example/v1/*`. */
  readonly denied: string | null;
  /** What to do about a failure, in the host's words. */
  readonly remedy: string | null;
  readonly retryAfterSeconds: number | null;
  readonly structured: unknown;
  /** Set where the typed result was too large to come with its event: it has to be asked for. */
  readonly structuredBytes: number | null;
  readonly durationMs: number | null;
  /** What it left for people, kept whole by the host. */
  readonly results: readonly ResultRef[];
  /** What it made at the workspace that stays there. */
  readonly made: readonly Made[];
  /** Ids of what goes on at the workspace without it. */
  readonly operations: readonly string[];
}

/** A step of a call's work, such as a task of a run. */
export interface Step {
  readonly key: string;
  readonly state: "waiting" | "running" | "succeeded" | "failed" | "skipped";
  readonly link: string | null;
  /** The keys of the steps that come before it. */
  readonly dependsOn: readonly string[];
}

interface Made {
  /** Databricks' word for it: `job`. */
  readonly type: string;
  readonly id: string;
  readonly name: string;
  readonly link: string | null;
  /** Whether the call that made it ended well. */
  readonly whole: boolean;
}

export const emptyView: ConversationView = { turns: [], lastSeq: 0 };
