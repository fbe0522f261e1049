import { useSyncExternalStore } from "react";
import styles from "./Toasts.module.css";
import { toasts } from "./toast";

export function Toasts() {
  const list = useSyncExternalStore(toasts.subscribe, toasts.get);
  return (
    <div className={styles.toasts} role="status" aria-live="polite">
      {list.map((entry) => (
        <div key={entry.id} className={styles.toast}>
          {entry.text}
        </div>
      ))}
    </div>
  );
}
