/** Query keys, in one place so that whoever changes something can say what it made stale. */
export const keys = {
  me: ["me"],
  tools: ["tools"],
  warehouses: ["warehouses"],
  catalogs: ["catalogs"],
  schemas: (catalog: string) => ["catalogs", catalog, "schemas"],
  projects: ["projects"],
  conversations: (projectId: string) => ["projects", projectId, "conversations"],
  files: (projectId: string) => ["projects", projectId, "files"],
  file: (projectId: string, path: string) => ["projects", projectId, "files", path],
} as const;
