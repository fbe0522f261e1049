import { messageOf } from "@/api/problem";
import { plural } from "@/shared/lib/format";
import { plainName } from "@/shared/lib/plainSight";
import { Button } from "@/shared/ui/Button";
import { Notice } from "@/shared/ui/Notice";
import { useBegin } from "../api/begin";
import { commands } from "../api/tools";
import type { Plan } from "../api/types";
import { useBundle } from "../bundleContext";
import styles from "./Parts.module.css";

/** Carries a plan out: a conversation opens, where the question shows the plan as it is then. */
export function PlanActions({ plan, setBack }: { plan: Plan; setBack: boolean }) {
  const { projectId, which, isProduction } = useBundle();
  const begin = useBegin(projectId);
  const { destroy, ok, target, deletes } = plan;
  const command = destroy ? commands.destroy(which, plan) : setBack ? commands.setBack(which, plan) : commands.deploy(which);
  const isNothing = plan.resources.every(({ action }) => action === "skip") && plan.uploads === 0 && plan.deleted_files === 0;
  const label = destroy ? `Take away from ${plainName(target)}` : `Deploy to ${plainName(target)}`;
  return (
    <div className={styles.act}>
      {begin.isError && <Notice tone="bad">{messageOf(begin.error)}</Notice>}
      {isProduction && ok && !isNothing && (
        <Notice tone="warn" title="This target is in production mode">
          What others rely on may be changed{deletes.length > 0 && `, and ${plural(deletes.length, "resource")} deleted`}.
        </Notice>
      )}
      <div className={styles.bar}>
        <Button
          variant={destroy || deletes.length > 0 ? "danger" : "primary"}
          icon={destroy ? "trash" : "upload"}
          disabled={!ok || isNothing || begin.isPending}
          onClick={() => begin.mutate(command)}
        >
          {label}
        </Button>
        <span className={styles.meta}>
          {!ok
            ? "What stands above keeps it from being carried out."
            : isNothing
              ? "There is nothing to do."
              : "A conversation opens, which shows the plan and asks before anything is changed."}
        </span>
      </div>
    </div>
  );
}
