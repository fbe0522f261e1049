/** Versions of a conversation: what was said in the place of a turn, each with what followed it. */
import type { ConversationView } from "./view";

/** The lane of what is not said in the place of anything. */
export const MAIN_LANE = "00000000-0000-0000-0000-000000000000";

/** One turn of several at one place. */
export interface TurnVersion {
  readonly executionId: string;
  /** The version of the conversation that shows it; `null` while the host has not told. */
  readonly laneId: string | null;
}

/** Those of the turns that are shown and have more than one, by the turn. */
export type Versions = ReadonlyMap<string, readonly TurnVersion[]>;

export const noVersions: Versions = new Map();

interface Told {
  readonly execution_id: string;
  readonly versions: readonly { readonly execution_id: string; readonly lane_id: string }[];
}

export function toldVersions(told: readonly Told[] | undefined): Versions {
  const all = (told ?? []).map(({ execution_id, versions }) => {
    const known = versions.map((version) => ({ executionId: version.execution_id, laneId: version.lane_id }));
    return [execution_id, known] as const;
  });
  return new Map(all);
}

/** What is shown once another turn takes the place of one, which is left out with all that followed it. */
export function cutBefore(view: ConversationView, executionId: string): ConversationView {
  const at = view.turns.findIndex((turn) => turn.executionId === executionId);
  return at === -1 ? view : { ...view, turns: view.turns.slice(0, at) };
}

/** The versions then. `laneId` is the version of the conversation that was shown. */
export function withVersion(versions: Versions, laneId: string | null, insteadOf: string, executionId: string): Versions {
  const known = versions.get(insteadOf) ?? [{ executionId: insteadOf, laneId }];
  const before = known.map((version) => ({
    executionId: version.executionId,
    laneId: version.executionId === insteadOf ? (version.laneId ?? laneId) : version.laneId,
  }));
  const kept = [...versions].filter(([shown]) => shown !== insteadOf);
  return new Map([...kept, [executionId, [...before, { executionId, laneId: null }]]]);
}
