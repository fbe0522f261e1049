/**
 * The tools that the panel of bundles works with. Only here does the page know tools by their names: what the panel asks
 * and begins are calls as a person could write them, and each of these is one.
 */
export const reads = {
  validate: "validate_bundle",
  plan: "plan_bundle",
  summary: "bundle_summary",
  jobs: "list_jobs",
  pipelines: "list_pipelines",
  folder: "list_workspace",
} as const;

export type Read = (typeof reads)[keyof typeof reads];

/** What changes something: begun as a message of a conversation, where the gate asks. */
const acts = {
  makeOfOne: "orchestrate_bundle_creation",
  makeOfSeveral: "generate_bundle",
  specialist: "delegate_to_specialist",
  mend: "repair_bundle",
  deploy: "deploy_bundle",
  destroy: "destroy_bundle",
  run: "run_bundle",
} as const;

/** A bundle and one of its targets. */
export interface Which {
  /** Its folder; empty for the project's own. */
  readonly folder: string;
  /** `null`: the default one. */
  readonly target: string | null;
}

export function whichInput({ folder, target }: Which): Record<string, unknown> {
  return { ...(folder !== "" && { bundle_path: folder }), ...(target !== null && { target }) };
}

/** What a bundle is made of. */
export interface Picks {
  readonly jobs: readonly number[];
  readonly pipelines: readonly string[];
  /** Absolute paths of notebooks and files. */
  readonly files: readonly string[];
  /** Absolute paths of folders. */
  readonly folders: readonly string[];
}

/** A conversation's first message, and what the conversation is called. */
export interface Begun {
  readonly message: string;
  readonly title: string;
}

export const commands = {
  /** One thing goes the way that checks and mends as well; several become one bundle. */
  make: (name: string, picks: Picks): Begun => {
    const { jobs, pipelines, files, folders } = picks;
    const title = `Make ${name}`;
    const sources = [
      ...jobs.map((id) => ({ source_type: "job", source_identifier: String(id) })),
      ...files.map((path) => ({ source_type: "notebook", source_identifier: path })),
      ...folders.map((path) => ({ source_type: "workspace_path", source_identifier: path })),
    ];
    const [only] = sources;
    if (sources.length === 1 && pipelines.length === 0) return begun(title, acts.makeOfOne, { ...only, bundle_name: name });
    const paths = [...files, ...folders];
    return begun(title, acts.makeOfSeveral, {
      bundle_name: name,
      ...(paths.length > 0 && { file_paths: paths }),
      ...(jobs.length > 0 && { job_ids: jobs }),
      ...(pipelines.length > 0 && { pipeline_ids: pipelines }),
    });
  },
  mend: (which: Which): Begun => begun(`Mend ${bundleName(which)}`, acts.mend, whichInput(which)),
  /** Checks, mends, plans once more, asks with the plan, and deploys. */
  deploy: (which: Which): Begun => begun(deployTitle(which), acts.specialist, { task_type: "deployment", task_details: whichInput(which) }),
  /** Just the plan that was looked at, with what others changed set back. */
  setBack: (which: Which, plan: Planned): Begun => begun(deployTitle(which), acts.deploy, { ...whichInput(which), ...planned(plan), overwrite_drift: true }),
  destroy: (which: Which, plan: Planned): Begun =>
    begun(`Take ${bundleName(which)} away from ${targetName(which)}`, acts.destroy, { ...whichInput(which), ...planned(plan) }),
  run: (which: Which, key: string): Begun => begun(`Run ${key} in ${targetName(which)}`, acts.run, { ...whichInput(which), key }),
} as const;

interface Planned {
  readonly plan_id: string;
  readonly deletes: readonly string[];
}

const planned = ({ plan_id, deletes }: Planned): Planned => ({ plan_id, deletes });

const begun = (title: string, tool: string, input: Record<string, unknown>): Begun => ({ title, message: `/${tool} ${JSON.stringify(input)}` });

const bundleName = ({ folder }: Which): string => (folder === "" ? "the bundle" : folder);
const targetName = ({ target }: Which): string => target ?? "the default target";
const deployTitle = (which: Which): string => `Deploy ${bundleName(which)} to ${targetName(which)}`;
