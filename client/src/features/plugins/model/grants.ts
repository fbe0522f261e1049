/** Which requests to the host give or take a power, and what a person should see meanwhile. */
import type { Given, GrantChange, PowerRequest } from "../api/types";

/**
 * From the state as shown to the wanted one. What is widened is written before what is narrowed, so that a power which
 * moves from every project to one is never missing in between.
 */
export function grantChanges(requests: readonly PowerRequest[], ids: readonly string[], target: Given, projectId: string | null): GrantChange[] {
  const after = withTarget(requests, ids, target);
  const everywhere = scoped(after, "everywhere");
  if (projectId === null) return [{ grants: everywhere }];
  const project = { grants: scoped(after, "project"), project_id: projectId };
  const everyProject = { grants: everywhere };
  const narrows = requests.some((request) => ids.includes(request.id) && request.given === "everywhere") && target !== "everywhere";
  const touchesEverywhere = narrows || target === "everywhere";
  if (!touchesEverywhere) return [project];
  if (target === "project") return [project, everyProject];
  return [everyProject, project];
}

export function withTarget(requests: readonly PowerRequest[], ids: readonly string[], target: Given): PowerRequest[] {
  return requests.map((request) => (ids.includes(request.id) ? { ...request, given: target } : request));
}

function scoped(requests: readonly PowerRequest[], given: Given): string[] {
  return requests.filter((request) => request.given === given).map((request) => request.id);
}

/**
 * What may be ticked before a person has looked: reading from a listed host, a store of its own, a larger share. A kind
 * that this page does not know is not.
 */
export function isHarmless(request: PowerRequest): boolean {
  if (request.identity) return false;
  if (request.kind === "http") return /^(GET|HEAD) /.test(request.id);
  return request.kind === "state" || request.kind === "limit";
}
