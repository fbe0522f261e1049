import { useSignedOut } from "@/shared/lib/signedOut";
import { Button } from "./Button";
import styles from "./LoadFailure.module.css";
import { Notice } from "./Notice";

interface LoadFailureProps {
  /** "Plugins could not be loaded" */
  title: string;
  /** Why, for people. */
  message: string;
  /** What was loaded before is still shown. */
  stale?: boolean;
  onRetry: () => void;
}

/** Where something should be that did not come, or did not come again. */
export function LoadFailure({ title, message, stale = false, onRetry }: LoadFailureProps) {
  const ended = useSignedOut() !== null;
  // The page says it once for all that did not come.
  if (ended) return stale ? null : <p className={styles.later}>Shown when you are signed in again.</p>;
  return (
    <Notice
      tone={stale ? "warn" : "bad"}
      title={stale ? "What you see may be out of date" : title}
      actions={
        <Button size="s" icon="refresh" onClick={onRetry}>
          Try again
        </Button>
      }
    >
      {message}
    </Notice>
  );
}
