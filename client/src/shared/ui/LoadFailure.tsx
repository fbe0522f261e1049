import { Button } from "./Button";
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
