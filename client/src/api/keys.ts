/** Query keys, in one place so that whoever changes something can say what it made stale. */
export const keys = {
  me: ["me"],
  tools: ["tools"],
  models: ["models"],
  warehouses: ["warehouses"],
  clusters: ["clusters"],
  catalogs: ["catalogs"],
  schemas: (catalog: string) => ["catalogs", catalog, "schemas"],
  /** All that is known of plugins, for every project. */
  plugins: ["plugins"],
  pluginList: (projectId: string | null) => ["plugins", "list", projectId],
  plugin: (id: string, projectId: string | null) => ["plugins", "one", id, projectId],
  pluginAudit: (id: string, kind: string) => ["plugins", "audit", id, kind],
  pluginReadme: (id: string, digest: string) => ["plugins", "readme", id, digest],
  projects: ["projects"],
  project: (id: string) => ["projects", "one", id],
  conversations: (projectId: string) => ["projects", projectId, "conversations"],
  standing: (projectId: string, id: string) => ["projects", projectId, "standing", id],
  usage: (projectId: string, id: string) => ["projects", projectId, "usage", id],
  structured: (executionId: string, callId: string) => ["executions", executionId, "calls", callId],
  resources: (projectId: string) => ["projects", projectId, "resources"],
  permissionRules: (projectId: string) => ["projects", projectId, "permissionRules"],
  toolChoice: (projectId: string) => ["projects", projectId, "toolChoice"],
  /** All that is known of a project's skills. */
  skills: (projectId: string) => ["projects", projectId, "skills"],
  skillList: (projectId: string) => ["projects", projectId, "skills", "list"],
  skillTree: (projectId: string) => ["projects", projectId, "skills", "tree"],
  skillFile: (projectId: string, path: string) => ["projects", projectId, "skills", "file", path],
  /** All that is known of a project's bundles. */
  bundles: (projectId: string) => ["projects", projectId, "bundles"],
  files: (projectId: string) => ["projects", projectId, "files"],
  result: (id: string) => ["results", id],
  /** All that was read of a result's rows. */
  resultRows: (id: string) => ["results", id, "rows"],
  resultColumn: (id: string, column: number) => ["results", id, "columns", column],
  file: (projectId: string, path: string) => ["projects", projectId, "files", path],
} as const;

/** What turns of a project may have changed without being asked about: whoever hears of one asks for these again. */
export const madeByTurns = (projectId: string) => [keys.files(projectId), keys.resources(projectId), keys.bundles(projectId)];
