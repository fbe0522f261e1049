import { sentence } from "@/shared/lib/format";
import { Badge } from "@/shared/ui/Badge";
import type { Finding } from "../api/types";
import { severities } from "../model/words";
import styles from "./Findings.module.css";
import { Worded } from "./Worded";

/** One finding: how grave it is, what is wrong, and the way out. */
export function FindingWords({ finding }: { finding: Finding }) {
  const { word, tone, icon } = severities[finding.severity];
  return (
    <div className={styles.words}>
      <Badge tone={tone} icon={icon}>
        {word}
      </Badge>
      <div>
        <p className={styles.message}>
          <Worded text={sentence(finding.message)} />
        </p>
        {finding.advice !== "" && (
          <p className={styles.advice}>
            <Worded text={sentence(finding.advice)} />
          </p>
        )}
      </div>
    </div>
  );
}
