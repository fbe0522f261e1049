import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type * as v from "valibot";
import { keys } from "@/api/keys";
import { Problem } from "@/api/problem";
import { ToolFailure, callTool } from "./call";
import { type Read, type Which, reads, whichInput } from "./tools";
import * as answers from "./types";

/** The workspace is asked anew when this is over and somebody looks. */
const FRESH_MS = 60_000;
const MAX_RETRIES = 1;
/** As many as a tool lists at once; more are found by their names. */
const MAX_LISTED = 200;
const MAX_OBJECTS = 1_000;

/** What a tool says stays what it says; only a lost connection is tried again. */
const retry = (count: number, error: Error): boolean =>
  count < MAX_RETRIES && !(error instanceof ToolFailure) && !(error instanceof Problem && error.status !== 0 && error.status < 500);

function toolQuery<S extends v.GenericSchema>(projectId: string, tool: Read, input: Record<string, unknown>, schema: S, also: string = "") {
  return queryOptions({
    queryKey: [...keys.bundles(projectId), tool, input, also],
    queryFn: ({ signal }) => callTool(projectId, tool, input, schema, signal),
    staleTime: FRESH_MS,
    retry,
  });
}

/** `stand`: what tells these files from others; when it changes, the bundle is looked at again. */
export const validationQuery = (projectId: string, which: Which, stand: string) => ({
  ...toolQuery(projectId, reads.validate, whichInput(which), answers.validation, stand),
  placeholderData: keepPreviousData,
});

export interface PlanChoice {
  readonly destroy: boolean;
  /** What others changed in the workspace is set back. */
  readonly setBack: boolean;
}

export const planQuery = (projectId: string, which: Which, { destroy, setBack }: PlanChoice, stand: string) =>
  toolQuery(projectId, reads.plan, { ...whichInput(which), ...(destroy && { destroy }), ...(setBack && { overwrite_drift: true }) }, answers.plan, stand);

export const summaryQuery = (projectId: string, which: Which, stand: string) => toolQuery(projectId, reads.summary, whichInput(which), answers.summary, stand);

export const jobsQuery = (projectId: string, name: string) => ({
  ...toolQuery(projectId, reads.jobs, { limit: MAX_LISTED, ...(name !== "" && { name_contains: name }) }, answers.jobs),
  placeholderData: keepPreviousData,
});

export const pipelinesQuery = (projectId: string, name: string) => ({
  ...toolQuery(projectId, reads.pipelines, { limit: MAX_LISTED, ...(name !== "" && { name_contains: name }) }, answers.pipelines),
  placeholderData: keepPreviousData,
});

export const folderQuery = (projectId: string, path: string) => toolQuery(projectId, reads.folder, { path, limit: MAX_OBJECTS }, answers.folder);

export function archiveUrl(projectId: string, folder: string): string {
  return `/api/projects/${encodeURIComponent(projectId)}/archive?path=${encodeURIComponent(folder)}`;
}
