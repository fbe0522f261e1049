import { Spinner } from "@/shared/ui/Spinner";
import { activityOf } from "../model/activity";
import type { TurnView } from "../model/view";
import styles from "./Turn.module.css";

export function Activity({ turn, stopping }: { turn: TurnView; stopping: boolean }) {
  const activity = activityOf(turn, stopping);
  return (
    <div className={styles.activity} role="status">
      {activity !== null && (
        <>
          <Spinner />
          <span className={activity.quiet ? "visually-hidden" : undefined}>{activity.text}</span>
        </>
      )}
    </div>
  );
}
