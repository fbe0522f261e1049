import { useNow } from "@/shared/lib/useNow";
import { Spinner } from "@/shared/ui/Spinner";
import { activityOf } from "../model/activity";
import type { TurnView } from "../model/view";
import styles from "./Turn.module.css";

/** A sign of life for the eye; the ear has `Announcer`. */
export function Activity({ turn, stopping }: { turn: TurnView; stopping: boolean }) {
  const now = useNow(500);
  const activity = activityOf(turn, stopping, now);
  return (
    <div className={styles.activity}>
      {activity !== null && (
        <>
          <Spinner />
          <span className={activity.quiet ? "visually-hidden" : undefined}>{activity.text}</span>
        </>
      )}
    </div>
  );
}
