import { Spinner } from "@/shared/ui/Spinner";
import { activityOf } from "../model/activity";
import type { TurnView } from "../model/view";
import styles from "./Turn.module.css";

export function Activity({ turn, stopping }: { turn: TurnView; stopping: boolean }) {
  const text = activityOf(turn, stopping);
  return (
    <div className={styles.activity} role="status">
      {text !== null && (
        <>
          <Spinner />
          {text}
        </>
      )}
    </div>
  );
}
