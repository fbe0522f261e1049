/** What the page says of a plugin, in words. */
import type { ToolInfo } from "@/api/types";
import { formatAgo, plural } from "@/shared/lib/format";
import type { Tone } from "@/shared/ui/Badge";
import type { IconName } from "@/shared/ui/Icon";
import type { AuditEntry, Plugin, PluginStatus, Policy, Scope, Signature, UpdateAnswer, Usage } from "../api/types";

export interface Said {
  text: string;
  tone: Tone;
  icon?: IconName;
}

const statuses: Record<PluginStatus, Said> = {
  active: { text: "Active", tone: "good", icon: "check" },
  "update-waiting": { text: "Update waiting", tone: "warn", icon: "arrowDown" },
  failing: { text: "Failing", tone: "bad", icon: "warning" },
  disabled: { text: "Disabled", tone: "neutral", icon: "stop" },
};

export function statusWords(status: PluginStatus): Said {
  return statuses[status];
}

const scopes: Record<Scope, string> = { shipped: "Shipped with Bricklayer", everyone: "For everyone", mine: "Yours" };

export function scopeWords(scope: Scope): string {
  return scopes[scope];
}

export function signatureWords(signature: Signature): Said {
  switch (signature.status) {
    case "trusted":
      return { text: signature.publisher == null ? "Trusted publisher" : `Signed by ${signature.publisher}`, tone: "good", icon: "shield" };
    case "unknown-key":
      return { text: "Unknown key", tone: "warn", icon: "warning" };
    case "unsigned":
      return { text: "Unsigned", tone: "neutral" };
    case "expired":
      return { text: "Key expired", tone: "warn", icon: "warning" };
    case "invalid":
      return { text: "Wrong signature", tone: "bad", icon: "warning" };
    default:
      return { text: signature.status, tone: "neutral" };
  }
}

const meanings: Record<string, string> = {
  "unknown-key": "Signed, but with a key that this host does not know: the signature says nothing about who made it.",
  unsigned: "Nobody signed it: only its digest says that it stays what it is today.",
  expired: "Signed with a key that this host no longer trusts, because its time is over.",
  invalid: "Its signature does not fit it: the package was changed after it was signed, or the signature belongs to another.",
};

/** What a signature is worth, for somebody who decides. */
export function signatureMeaning(signature: Signature): string {
  if (signature.status === "trusted")
    return `Signed with a key that this host trusts${signature.publisher == null ? "" : `, of ${signature.publisher}`}. It is what its publisher released.`;
  return signature.detail ?? meanings[signature.status] ?? "";
}

/** "128 calls, 2 errors, used 3 hours ago" */
export function usageWords(usage: Usage, nowMs: number): string {
  if (usage.calls === 0) return usage.last_used_at == null ? "Not used yet" : `Not used this week, last ${formatAgo(usage.last_used_at, nowMs)}`;
  const parts = [`${plural(usage.calls, "call")} this week`];
  if (usage.errors > 0) parts.push(plural(usage.errors, "error"));
  if (usage.last_used_at != null) parts.push(`last ${formatAgo(usage.last_used_at, nowMs)}`);
  return parts.join(", ");
}

export function annotationWords(annotations: ToolInfo["annotations"]): Said[] {
  const said: Said[] = [];
  if (annotations.read_only) said.push({ text: "only reads", tone: "good" });
  else if (annotations.destructive) said.push({ text: "may delete or overwrite", tone: "warn", icon: "warning" });
  else said.push({ text: "can change things", tone: "warn" });
  if (annotations.ask) said.push({ text: "asks first", tone: "neutral" });
  if (annotations.idempotent && !annotations.read_only) said.push({ text: "safe to repeat", tone: "neutral" });
  return said;
}

/** What came of looking for another version. */
export function updateWords({ outcome, plugin: { name, version, pending } }: UpdateAnswer): string {
  if (outcome === "unchanged") return `${name} ${version} is the newest`;
  if (outcome === "waiting") return `${name} ${pending?.version ?? ""} waits for you`;
  return `${name} is ${version} now`;
}

/** Why somebody may not install, and what they can do. */
export const MAY_NOT_INSTALL =
  "Whoever runs this host decides who may add plugins, by plugins.installers in its configuration, and you are not among them. Ask them to add what you need.";

const sourceKinds: Record<string, string> = { file: "files of the host", https: "https addresses with a digest", oci: "registries" };

/** What a host accepts, as sentences. */
export function policyWords(policy: Policy): string[] {
  const said: string[] = [];
  if (policy.sources.length > 0) said.push(`Addresses accepted here: ${policy.sources.map((source) => sourceKinds[source] ?? source).join(", ")}.`);
  if (policy.signatures === "require") said.push("Only packages that a trusted publisher signed are accepted here.");
  return said;
}

export function isDenied(entry: AuditEntry): boolean {
  return entry.outcome === "denied";
}

/** The host's word for how a call or request ended, for people. */
export function outcomeWords(entry: AuditEntry): Said {
  const { outcome } = entry;
  if (outcome === "ok" || outcome === "answered")
    return { text: entry.status == null ? "ok" : String(entry.status), tone: entry.status != null && entry.status >= 400 ? "warn" : "neutral" };
  if (outcome === "denied") return { text: "denied", tone: "bad", icon: "shield" };
  return { text: outcome.replaceAll(/[-_]/g, " "), tone: entry.kind === "change" ? "neutral" : "warn" };
}

/** Digests are long and are compared by their beginnings. */
export function shortDigest(digest: string): string {
  const [algorithm, hex] = digest.includes(":") ? digest.split(":") : ["", digest];
  const cut = (hex ?? "").length > 16 ? `${(hex ?? "").slice(0, 12)}…` : (hex ?? "");
  return algorithm === "" ? cut : `${algorithm}:${cut}`;
}

/** Those that need somebody come first, then by name. */
export function byNeed(a: Plugin, b: Plugin): number {
  return need(a) - need(b) || a.name.localeCompare(b.name);
}

function need({ status }: Plugin): number {
  return status === "failing" ? 0 : status === "update-waiting" ? 1 : status === "disabled" ? 3 : 2;
}

export function matches(plugin: Plugin, filter: string): boolean {
  const wanted = filter.trim().toLowerCase();
  return [plugin.name, plugin.description, ...plugin.tools.map((tool) => tool.short_name)].some((text) => text.toLowerCase().includes(wanted));
}
