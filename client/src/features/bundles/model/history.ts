import type { Deployed } from "../api/types";

/** One deploy, or taking everything away. */
export interface Deploy {
  readonly id: string;
  readonly at: string;
  /** In the words of the list of what calls made. */
  readonly name: string;
  readonly isRemoval: boolean;
  readonly conversationId: string | null;
  /** `null`: what it came to is not kept. */
  readonly result: Deployed | null;
}

/** Those of the bundle of this name. */
export function deploysOf(deploys: readonly Deploy[], bundle: string): Deploy[] {
  return deploys.filter(({ name, result }) => (result === null ? name.startsWith(`${bundle} `) : result.bundle === bundle));
}

/** The last one to each target, in the order of the targets' names. */
export function latestByTarget(deploys: readonly Deploy[]): { target: string; deploy: Deploy }[] {
  const latest = new Map<string, Deploy>();
  for (const deploy of deploys) if (deploy.result !== null && !latest.has(deploy.result.target)) latest.set(deploy.result.target, deploy);
  return [...latest].map(([target, deploy]) => ({ target, deploy })).toSorted((a, b) => a.target.localeCompare(b.target));
}
