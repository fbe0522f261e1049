import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { formatMoment } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { Segmented } from "@/shared/ui/Segmented";
import { Skeleton } from "@/shared/ui/Skeleton";
import { Switch } from "@/shared/ui/Switch";
import { planQuery } from "../api/queries";
import { useBundle } from "../bundleContext";
import { PartFailure } from "./PartFailure";
import styles from "./Parts.module.css";
import { PlanActions } from "./PlanActions";
import { PlanView } from "./PlanView";

type Aim = "deploy" | "destroy";

const aims: readonly { value: Aim; label: string }[] = [
  { value: "deploy", label: "Deploy" },
  { value: "destroy", label: "Take everything away" },
];

/** What a deploy, or taking everything away, would do to the workspace as it is now. */
export function PlanTab() {
  const { projectId, which, stand } = useBundle();
  const [aim, setAim] = useState<Aim>("deploy");
  const [setBack, setSetBack] = useState(false);
  const [now] = useState(() => Date.now());
  const choice = { destroy: aim === "destroy", setBack: setBack && aim === "deploy" };
  const plan = useQuery(planQuery(projectId, which, choice, stand));
  return (
    <div className={styles.stack}>
      <div className={styles.bar}>
        <Segmented label="What is planned" value={aim} options={aims} onChange={setAim} />
        {aim === "deploy" && <Switch checked={setBack} label="Set back what others changed" onChange={setSetBack} />}
        <span className={styles.spacer} />
        {plan.data !== undefined && !plan.isFetching && (
          <span className={styles.meta}>Planned {formatMoment(new Date(plan.dataUpdatedAt).toISOString(), now)}</span>
        )}
        <Button size="s" icon="refresh" disabled={plan.isFetching} onClick={() => void plan.refetch()}>
          Plan again
        </Button>
      </div>
      {plan.isFetching && <Skeleton lines={5} label="Planning: the workspace is compared with the bundle" />}
      {plan.isError && !plan.isFetching && (
        <PartFailure title="The plan could not be made" error={plan.error} stale={plan.data !== undefined} onRetry={() => void plan.refetch()} />
      )}
      {plan.data !== undefined && !plan.isFetching && (
        <>
          <PlanView plan={plan.data} />
          {!plan.isError && <PlanActions plan={plan.data} setBack={choice.setBack} />}
        </>
      )}
    </div>
  );
}
