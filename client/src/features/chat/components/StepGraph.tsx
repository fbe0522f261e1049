import { cx } from "@/shared/lib/cx";
import { Name } from "@/shared/ui/Name";
import { ranks } from "../model/ranks";
import type { Step } from "../model/view";
import styles from "./StepGraph.module.css";

const words: Record<Step["state"], string> = { waiting: "waits", running: "runs", succeeded: "done", failed: "failed", skipped: "left out" };

/** The steps of a call's work from left to right, each behind what it depends on, with where it stands. */
export function StepGraph({ steps }: { steps: readonly Step[] }) {
  return (
    <ol className={styles.graph} aria-label="Steps">
      {ranks(steps).map((column) => (
        <li key={column[0]?.key}>
          <ul className={styles.column}>
            {column.map((step) => (
              <li
                key={step.key}
                className={cx(styles.step, styles[step.state])}
                title={step.dependsOn.length === 0 ? undefined : `After ${step.dependsOn.join(", ")}`}
              >
                <span className={styles.key}>
                  {step.link === null ? (
                    <Name text={step.key} />
                  ) : (
                    <a href={step.link} target="_blank" rel="noopener noreferrer">
                      <Name text={step.key} />
                    </a>
                  )}
                </span>
                <span className={styles.state}>{words[step.state]}</span>
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ol>
  );
}
