/**
 * Shapes of the host's JSON answers. One place, so that the OpenAPI document can take over type by type.
 * Events of the stream are not here: they come from outside piece by piece and are checked in `wire.ts`.
 */

export interface Health {
  status: string;
  version: string;
  workspace: { kind: "local" | "remote"; state: "starting" | "ready" | "down" };
  model: { provider: string };
}

export interface Me {
  user: string;
  workspace_url: string | null;
  workspace_kind: "local" | "remote";
  model: { provider: string; name: string; offline: boolean };
  lakebase_configured: boolean;
  plugins: { name: string; version: string; tools: number }[];
}

export interface Project {
  id: string;
  name: string;
  user_email: string;
  created_at: string;
  conversation_count: number;
}

export interface TurnSettings {
  warehouse_id?: string | null | undefined;
  default_catalog?: string | null | undefined;
  default_schema?: string | null | undefined;
  cluster_id?: string | null | undefined;
  workspace_folder?: string | null | undefined;
}

export interface ConversationSummary {
  id: string;
  project_id: string;
  title: string;
  created_at: string;
  updated_at: string;
  turn_count: number;
  active_execution_id?: string | null;
  settings: TurnSettings;
}

export interface ConversationDetail extends ConversationSummary {
  /** Wire events, checked one by one where they are folded. */
  events: unknown[];
  last_seq: number;
  active_execution: { id: string; status: string } | null;
}

export interface Warehouse {
  warehouse_id: string;
  warehouse_name: string;
  state: string;
  cluster_size: string | null;
  creator_name: string | null;
  is_serverless: boolean;
}

export interface Catalog {
  name: string;
  comment?: string | null;
}

export interface Schema {
  name: string;
}

export interface ToolInfo {
  name: string;
  short_name: string;
  description: string;
  input_schema: unknown;
  annotations: { read_only?: boolean; destructive?: boolean; ask?: boolean };
}

export interface ProjectFile {
  path: string;
  name: string;
  size: number;
  modified: string;
}

export interface ProjectFiles {
  project_id: string;
  files: ProjectFile[];
  truncated: boolean;
}

export interface InvokeRequest extends TurnSettings {
  project_id: string;
  message: string;
  conversation_id?: string;
  client_message_id: string;
}

export interface InvokeAnswer {
  execution_id: string;
  conversation_id: string;
}

export type ApprovalDecision = "once" | "conversation" | "no";
