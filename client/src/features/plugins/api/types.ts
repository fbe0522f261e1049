/** The shapes of the plugin routes, by the names used here. */
import type { ToolInfo } from "@/api/types";

export type Scope = "shipped" | "everyone" | "mine";
export type PluginStatus = "active" | "update-waiting" | "failing" | "disabled";
export type Given = "everywhere" | "project" | "no";

export interface PowerRequest {
  /** The power's canonical text, `GET https://api.weather.example/v1/*`. */
  id: string;
  kind: "http" | "files" | "state" | "limit";
  words: string;
  /** Requests carry the caller's own credential. */
  identity: boolean;
  given: Given;
}

export interface Signature {
  /** `trusted`, `unknown-key`, `unsigned`, `expired` or `invalid`. */
  status: string;
  publisher?: string | null;
  detail?: string | null;
}

export interface Usage {
  calls: number;
  errors: number;
  cpu_ms: number;
  requests: number;
  bytes_sent: number;
  bytes_received: number;
  last_used_at?: string | null;
}

export interface LastError {
  at: string;
  tool: string;
  kind: string;
  message: string;
}

/** What changes with another version. */
export interface Diff {
  added: PowerRequest[];
  removed: PowerRequest[];
  tools_added: string[];
  tools_removed: string[];
  tools_changed: string[];
  /** Tools that would ask less often, or call themselves harmless, than before. */
  tools_less_careful: string[];
}

export interface PendingVersion extends Diff {
  digest: string;
  version: string;
}

export interface Plugin {
  id: string;
  name: string;
  version: string;
  description: string;
  authors: string[];
  licence: string;
  homepage?: string | null;
  scope: Scope;
  digest: string;
  /** As asked: an address, `upload`, or `shipped`. */
  source: string;
  pinned: string;
  signature: Signature;
  enabled: boolean;
  project_enabled: boolean;
  status: PluginStatus;
  problem?: string | null;
  tools: ToolInfo[];
  requests: PowerRequest[];
  /** Of the last seven days. */
  usage: Usage;
  last_errors: LastError[];
  pending?: PendingVersion | null;
  previous?: { digest: string; version: string } | null;
  /** None of these for what ships with the host. */
  installed_at: string | null;
  updated_at: string | null;
  installed_by: string | null;
  can_manage: boolean;
  has_icon: boolean;
  has_readme: boolean;
}

export interface Policy {
  may_install: boolean;
  may_install_for_everyone: boolean;
  /** As the operator wrote them; besides, a file can be sent. */
  sources: string[];
  signatures: "require" | "warn" | "allow";
  ceilings: { memory_mib: number; cpu_seconds: number; time_limit_seconds: number };
}

export interface PluginList {
  plugins: Plugin[];
  policy: Policy;
}

export interface Inspection {
  /** The digest under which the host keeps the package until it is installed. */
  staged: string;
  name: string;
  version: string;
  description: string;
  authors: string[];
  licence: string;
  homepage?: string | null;
  digest: string;
  size_bytes: number;
  source: string;
  pinned: string;
  signature: Signature;
  tools: ToolInfo[];
  requests: PowerRequest[];
  /** Why it cannot be installed; none: it can. */
  refusals: string[];
  /** What to know before installing it. */
  warnings: string[];
  installed?: { id: string; version: string; scope: Scope } | null;
  diff?: Diff | null;
}

export interface UpdateAnswer {
  outcome: "unchanged" | "swapped" | "waiting";
  plugin: Plugin;
}

export type RecordKind = "call" | "request" | "change";

export interface AuditEntry {
  at: string;
  kind: RecordKind;
  user: string;
  project_id?: string | null;
  turn_id?: string | null;
  tool: string;
  outcome: string;
  digest: string;
  method?: string | null;
  host?: string | null;
  path?: string | null;
  status?: number | null;
  bytes_sent: number;
  bytes_received: number;
  duration_ms: number;
  cpu_ms?: number | null;
  memory_peak_bytes?: number | null;
  argument_digest?: string | null;
}

export interface AuditPage {
  records: AuditEntry[];
  next?: string | null;
}
