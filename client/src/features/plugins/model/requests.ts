/** Requests in the order and the groups in which a person reads them. */
import type { PowerRequest } from "../api/types";

export interface RequestGroup {
  key: string;
  /** "Reach api.weather.example" */
  title: string;
  requests: readonly PowerRequest[];
}

/** The parts of an outgoing request's id: `POST workspace/api/2.0/sql/statements as-caller`. */
export interface HttpPower {
  method: string;
  /** `null`: the workspace. */
  host: string | null;
  path: string;
}

export function httpPower(id: string): HttpPower | null {
  const match = /^([A-Z]+) (?:workspace|https?:\/\/([^/\s]+))(\/\S*)?(?: as-caller)?$/.exec(id);
  return match === null ? null : { method: match[1] ?? "", host: match[2] ?? null, path: match[3] ?? "/" };
}

const titles = { files: "Files of the project", here: "On this host" } as const;

/** First what leaves the machine, by host and the workspace before all; then files, then the rest. */
export function groupRequests(requests: readonly PowerRequest[]): RequestGroup[] {
  const groups = new Map<string, PowerRequest[]>();
  for (const request of requests) {
    const key = groupKey(request);
    groups.set(key, [...(groups.get(key) ?? []), request]);
  }
  return [...groups]
    .map(([key, list]) => ({ key, title: titleOf(key), requests: list }))
    .toSorted((a, b) => rank(a.key) - rank(b.key) || a.title.localeCompare(b.title));
}

function groupKey(request: PowerRequest): string {
  if (request.kind === "files") return "files";
  if (request.kind !== "http") return "here";
  const power = httpPower(request.id);
  if (power === null) return "http";
  return power.host === null ? "workspace" : `host:${power.host}`;
}

function titleOf(key: string): string {
  if (key === "workspace") return "Your workspace";
  if (key === "http") return "Other hosts";
  if (key.startsWith("host:")) return key.slice("host:".length);
  return titles[key as keyof typeof titles];
}

const order = ["workspace", "host", "http", "files", "here"];

function rank(key: string): number {
  return order.indexOf(key.split(":")[0] ?? key);
}

/** What a pattern's stars mean, where they mean much. */
export function pathWords(path: string): string {
  if (path === "/**") return "anything there";
  if (path.endsWith("/**")) return "and all below";
  return "";
}

/** How much of what it asks for it has, "3 of 5 given". */
export function givenWords(requests: readonly PowerRequest[]): string {
  const given = requests.filter((request) => request.given !== "no").length;
  if (requests.length === 0) return "asks for nothing";
  if (given === requests.length) return requests.length === 1 ? "has what it asks for" : `has all ${requests.length} it asks for`;
  return `has ${given} of ${requests.length} it asks for`;
}
