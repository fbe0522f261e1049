import { Badge } from "@/shared/ui/Badge";
import { Name } from "@/shared/ui/Name";
import { useBundle } from "../bundleContext";
import { verdict } from "../model/words";
import styles from "./Bundles.module.css";
import { CallFailure } from "./CallFailure";

interface VerdictProps {
  checking: boolean;
  onCheck: () => void;
}

/** Whether the bundle can be deployed, and where to. */
export function Verdict({ checking, onCheck }: VerdictProps) {
  const { validation, checkError, isProduction } = useBundle();
  const said = validation === null ? null : verdict(validation);
  return (
    <div className={styles.verdict}>
      <p className={styles.line} role="status">
        {said !== null && <Badge tone={said.tone}>{said.text}</Badge>}
        {isProduction && (
          <Badge tone="brick" icon="warning">
            Production mode
          </Badge>
        )}
        {checking && <span className={styles.meta}>Checking…</span>}
        {!checking && validation?.root_path != null && (
          <span className={styles.meta}>
            Goes to <Name text={validation.root_path} />
          </span>
        )}
      </p>
      {checkError !== null && !checking && (
        <CallFailure title="The bundle could not be checked" error={checkError} stale={validation !== null} onRetry={onCheck} />
      )}
    </div>
  );
}
