import { formatCount, formatDuration } from "@/shared/lib/format";
import { useNow } from "@/shared/lib/useNow";
import type { ToolItem } from "../model/view";
import { StepGraph } from "./StepGraph";
import styles from "./ToolProgress.module.css";

/** What a running call says, and for how long it has been running. */
export function ToolProgress({ tool }: { tool: ToolItem }) {
  const now = useNow(100);
  const started = tool.startedAt === null ? null : Date.parse(tool.startedAt);
  const { progress } = tool;
  const share = progress?.done != null && progress.total != null && progress.total > 0 ? Math.min(1, progress.done / progress.total) : null;
  return (
    <div className={styles.progress}>
      <span className={styles.progressText}>
        {progress?.message ?? (started === null ? "About to run" : "Running")}
        {progress?.done != null && progress.total != null && ` · ${formatCount(progress.done)} of ${formatCount(progress.total)}`}
      </span>
      {started !== null && <span className={styles.timer}>{formatDuration(Math.max(0, Math.floor((now - started) / 100) * 100))}</span>}
      {share !== null && (
        <progress className={styles.bar} value={share} max={1} aria-label="Progress">
          {Math.round(share * 100)} %
        </progress>
      )}
      {progress !== null && progress.steps.length > 0 && <StepGraph steps={progress.steps} />}
    </div>
  );
}
