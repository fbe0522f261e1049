import { IconButton } from "@/shared/ui/IconButton";
import { toast } from "@/shared/ui/toast";
import { useChat } from "../chatContext";
import type { TurnVersion } from "../model/versions";
import styles from "./Turn.module.css";

/** Goes back and forth between what was said at one place, and what followed each. */
export function VersionSwitch({ executionId, versions }: { executionId: string; versions: readonly TurnVersion[] }) {
  const { session } = useChat();
  const at = versions.findIndex((version) => version.executionId === executionId);
  const go = (step: -1 | 1): void => {
    const laneId = versions[at + step]?.laneId ?? null;
    if (laneId === null) return;
    const shown = session.show(laneId);
    shown.then((is) => is || toast("The agent still works: stop it first")).catch(() => undefined);
  };
  return (
    <div className={styles.versions} role="group" aria-label="Versions of this message">
      <IconButton icon="chevronLeft" size="s" label="Earlier version" disabled={at <= 0} onClick={() => go(-1)} />
      <span aria-current="true">
        {at + 1} / {versions.length}
      </span>
      <IconButton icon="chevronRight" size="s" label="Later version" disabled={at >= versions.length - 1} onClick={() => go(1)} />
    </div>
  );
}
