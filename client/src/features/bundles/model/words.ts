/** What the panel says of a bundle, in words. */
import { plural, sentence } from "@/shared/lib/format";
import type { Tone } from "@/shared/ui/Badge";
import type { IconName } from "@/shared/ui/Icon";
import { Problem } from "@/api/problem";
import { ToolFailure } from "../api/call";
import type { Finding, PlannedResource, SummedResource, Validation } from "../api/types";
import type { Change } from "./seen";

export const severities: Record<Finding["severity"], { word: string; tone: Tone; icon: IconName }> = {
  error: { word: "Error", tone: "bad", icon: "warning" },
  warning: { word: "Warning", tone: "warn", icon: "warning" },
  recommendation: { word: "Advice", tone: "neutral", icon: "info" },
};

/** "Can be deployed, 2 warnings" */
export function verdict({ ok, errors, warnings, recommendations }: Validation): { text: string; tone: Tone } {
  const counts = [
    errors > 0 && plural(errors, "error"),
    warnings > 0 && plural(warnings, "warning"),
    recommendations > 0 && plural(recommendations, "piece of advice", "pieces of advice"),
  ].filter((part) => part !== false);
  const said = ok ? "Can be deployed" : "Cannot be deployed";
  return { text: counts.length === 0 ? said : `${said}: ${counts.join(", ")}`, tone: !ok ? "bad" : warnings > 0 ? "warn" : "good" };
}

export const changeWords: Record<Change, { word: string; tone: Tone }> = {
  new: { word: "new", tone: "good" },
  changed: { word: "changed", tone: "warn" },
  gone: { word: "deleted", tone: "bad" },
};

export const actionWords: Record<PlannedResource["action"], { word: string; tone: Tone; sign: string }> = {
  delete: { word: "Deleted", tone: "bad", sign: "−" },
  recreate: { word: "Deleted and made anew", tone: "bad", sign: "±" },
  update: { word: "Changed", tone: "warn", sign: "~" },
  create: { word: "Created", tone: "good", sign: "+" },
  skip: { word: "Unchanged", tone: "neutral", sign: "=" },
};

export const standingWords: Record<SummedResource["standing"], { word: string; tone: Tone }> = {
  deployed: { word: "deployed", tone: "good" },
  new: { word: "not deployed yet", tone: "neutral" },
  removed: { word: "goes with the next deploy", tone: "warn" },
};

const failures: Readonly<Record<string, { title: string; advice: string }>> = {
  "invalid-input": { title: "This cannot be asked so", advice: "" },
  "not-found": { title: "Something that it needs is not there", advice: "" },
  denied: { title: "This is not allowed here", advice: "The powers and rules of the plugin decide; they are on the page of plugins." },
  "limit-exceeded": { title: "A limit was reached", advice: "" },
  timeout: { title: "It took longer than its time limit", advice: "Try again; if it stays, ask in a conversation, where calls have more time." },
  unauthenticated: { title: "The workspace refused the credential", advice: "Sign in again, or check the token that Bricklayer was started with." },
  "permission-denied": { title: "The workspace says that you may not do this", advice: "Whoever administers the workspace can give you the right." },
  "rate-limited": { title: "The workspace asks to slow down", advice: "Wait a moment, then try again." },
  upstream: { title: "The workspace could not be reached, or failed", advice: "Check that it is running and that its address is right, then try again." },
  trap: { title: "The plugin crashed on this call", advice: "Other calls are not affected." },
};

/** A call that failed: what happened, in its words, and what to do. */
export function failureWords(error: Error): { title: string | null; advice: string } {
  if (error instanceof Problem && error.code === "not-read-only") {
    return { title: "This call changes something", advice: "It is not made from here. Ask for it in a conversation, where you are asked first." };
  }
  if (error instanceof Problem && error.status === 404) {
    return { title: null, advice: "The tool may be switched off for this project, or its plugin removed; see the page of plugins." };
  }
  if (!(error instanceof ToolFailure)) return { title: null, advice: "" };
  const known = failures[error.kind];
  return { title: known?.title ?? null, advice: error.remedy === null ? (known?.advice ?? "") : sentence(error.remedy) };
}

/** Letters, digits, _ and -, beginning with a letter. */
export const BUNDLE_NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** A bundle's name of what it is made of: the last part of a path, without its ending. */
export function nameOf(source: string): string {
  const last = source.replace(/\/+$/, "").split("/").at(-1) ?? "";
  const name = last
    .replace(/\.[a-z]{1,5}$/i, "")
    .replaceAll(/[^A-Za-z0-9_-]+/g, "_")
    .replace(/^[^A-Za-z]+/, "")
    .replace(/_+$/, "")
    .toLowerCase();
  return name === "" ? "bundle" : name;
}
