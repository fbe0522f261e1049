import { cx } from "@/shared/lib/cx";
import { ExpandableTable } from "@/shared/table/ExpandableTable";
import type { ScriptStep } from "../model/output";
import styles from "./ScriptSteps.module.css";

/** What became of each statement of a script, the skipped ones too. */
export function ScriptSteps({ steps, of }: { steps: readonly ScriptStep[]; of: string }) {
  return (
    <ol className={styles.steps}>
      {steps.map((step) => (
        <li key={step.number}>
          <div className={styles.line}>
            <span className={cx(styles.status, step.status === "succeeded" && styles.good, step.status === "failed" && styles.bad)}>{step.status}</span>
            <code>{step.statement}</code>
          </div>
          {step.error !== null && <p className={styles.error}>{step.error}</p>}
          {step.table !== null && step.table.rows.length > 0 && <ExpandableTable data={step.table} label={`Statement ${step.number} of ${of}`} />}
        </li>
      ))}
    </ol>
  );
}
