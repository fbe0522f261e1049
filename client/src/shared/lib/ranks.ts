/** What stands behind others. */
interface Ranked {
  readonly key: string;
  /** The keys of those that come before it. */
  readonly dependsOn: readonly string[];
}

/**
 * The steps in columns from left to right, each behind all that it depends on. Steps in a circle, or that depend on what is
 * not there, stand where the others leave them.
 */
export function ranks<T extends Ranked>(steps: readonly T[]): T[][] {
  const byKey = new Map(steps.map((step) => [step.key, step]));
  const placed = new Map<string, number>();
  let left = [...steps];
  while (left.length > 0) {
    const ready = left.filter(({ dependsOn }) => dependsOn.every((key) => placed.has(key) || !byKey.has(key)));
    // A circle: what is left stands in the next column.
    const now = ready.length > 0 ? ready : left;
    const rank = new Map(now.map(({ key, dependsOn }) => [key, 1 + Math.max(-1, ...dependsOn.map((before) => placed.get(before) ?? -1))]));
    for (const [key, column] of rank) placed.set(key, column);
    left = left.filter(({ key }) => !placed.has(key));
  }
  const columns: T[][] = [];
  for (const step of byKey.values()) (columns[placed.get(step.key) ?? 0] ??= []).push(step);
  return columns.filter((column) => column !== undefined);
}
