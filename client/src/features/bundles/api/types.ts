/** What the tools of bundles answer, as far as the panel shows it; checked as it arrives. */
import * as v from "valibot";

const maybe = <S extends v.GenericSchema>(schema: S) => v.nullish(schema, null);

const finding = v.object({
  severity: v.picklist(["error", "warning", "recommendation"]),
  rule: v.string(),
  path: v.string(),
  file: maybe(v.string()),
  line: maybe(v.number()),
  column: maybe(v.number()),
  message: v.string(),
  advice: v.string(),
  repair: maybe(v.object({ written: v.string(), instead: v.string() })),
});

export const validation = v.object({
  ok: v.boolean(),
  name: maybe(v.string()),
  target: maybe(v.string()),
  mode: maybe(v.string()),
  root_path: maybe(v.string()),
  findings: v.array(finding),
  errors: v.number(),
  warnings: v.number(),
  recommendations: v.number(),
  resources: v.array(v.object({ kind: v.string(), count: v.number() })),
  files: maybe(v.number()),
});

const plannedResource = v.object({
  key: v.string(),
  action: v.picklist(["skip", "update", "create", "recreate", "delete"]),
  id: maybe(v.string()),
  note: maybe(v.string()),
  changes: v.array(v.string()),
  drift: v.array(v.string()),
});

export const plan = v.object({
  plan_id: v.string(),
  ok: v.boolean(),
  destroy: v.boolean(),
  target: v.string(),
  root_path: v.string(),
  serial: v.number(),
  resources: v.array(plannedResource),
  deletes: v.array(v.string()),
  uploads: v.number(),
  deleted_files: v.number(),
  refusals: v.array(v.string()),
  warnings: v.array(v.string()),
});

const summedResource = v.object({
  key: v.string(),
  name: v.string(),
  standing: v.picklist(["deployed", "new", "removed"]),
  id: maybe(v.string()),
  link: maybe(v.string()),
});

export const summary = v.object({ name: v.string(), target: v.string(), user: v.string(), root_path: v.string(), resources: v.array(summedResource) });

/** What a deploy, or taking everything away, came to. */
export const deployed = v.object({
  ok: v.boolean(),
  bundle: v.string(),
  target: v.string(),
  root_path: v.string(),
  serial: v.number(),
  done: v.array(v.object({ key: v.string(), action: plannedResource.entries.action, id: v.string(), link: maybe(v.string()) })),
  failed: v.array(v.object({ key: v.string(), message: v.string() })),
  unchanged: v.number(),
  uploads: v.number(),
  deleted_files: v.number(),
});

export const jobs = v.object({
  jobs: v.array(v.object({ job_id: v.number(), name: v.string(), creator: maybe(v.string()), schedule: maybe(v.string()) })),
  complete: v.boolean(),
});

export const pipelines = v.object({
  pipelines: v.array(v.object({ pipeline_id: v.string(), name: v.string(), creator: maybe(v.string()) })),
  complete: v.boolean(),
});

export const folder = v.object({
  objects: v.array(v.object({ path: v.string(), object_type: v.string(), language: maybe(v.string()) })),
  more: v.boolean(),
});

export type Finding = v.InferOutput<typeof finding>;
export type Validation = v.InferOutput<typeof validation>;
export type Plan = v.InferOutput<typeof plan>;
export type PlannedResource = v.InferOutput<typeof plannedResource>;
export type SummedResource = v.InferOutput<typeof summedResource>;

export type Deployed = v.InferOutput<typeof deployed>;
