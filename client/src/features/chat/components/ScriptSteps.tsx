import { use } from "react";
import type { ResultRef } from "@/api/resultRef";
import { cx } from "@/shared/lib/cx";
import { ExpandableTable } from "@/shared/table/ExpandableTable";
import type { ScriptStep } from "../model/output";
import { ResultSlots, type ResultSlotsValue } from "../resultSlots";
import styles from "./ScriptSteps.module.css";

/** What became of each statement of a script, the skipped ones too. */
export function ScriptSteps({ steps, results, of }: { steps: readonly ScriptStep[]; results: readonly ResultRef[]; of: string }) {
  const slots = use(ResultSlots);
  return (
    <ol className={styles.steps}>
      {steps.map((step) => (
        <li key={step.number}>
          <div className={styles.line}>
            <span className={cx(styles.status, step.status === "succeeded" && styles.good, step.status === "failed" && styles.bad)}>{step.status}</span>
            <code>{step.statement}</code>
          </div>
          {step.error !== null && <p className={styles.error}>{step.error}</p>}
          <StepRows step={step} kept={results.filter(({ id }) => id === step.resultId)} slots={slots} of={`Statement ${step.number} of ${of}`} />
        </li>
      ))}
    </ol>
  );
}

interface StepRowsProps {
  step: ScriptStep;
  /** All rows of it, where the host keeps them. */
  kept: readonly ResultRef[];
  slots: ResultSlotsValue | null;
  of: string;
}

function StepRows({ step, kept, slots, of }: StepRowsProps) {
  if (kept.length > 0 && slots !== null) return <slots.Results results={kept} of={of} />;
  return step.table !== null && step.table.rows.length > 0 ? <ExpandableTable data={step.table} label={of} /> : null;
}
