import { useQueryClient } from "@tanstack/react-query";
import { createPortal } from "react-dom";
import { useEffect } from "react";
import { isSignedIn } from "@/api/http";
import { sentence } from "@/shared/lib/format";
import { useSignedOut } from "@/shared/lib/signedOut";
import { Button } from "@/shared/ui/Button";
import { Icon } from "@/shared/ui/Icon";
import styles from "./SessionBanner.module.css";

/** Says, once and over everything, that the host no longer knows who asks, and leads back in. */
export function SessionBanner() {
  const state = useSignedOut();
  const queryClient = useQueryClient();
  const ended = state !== null;
  // Who signed in in another window finds this page as it was, and working again.
  useEffect(() => {
    if (!ended) return;
    const look = (): void => {
      if (document.visibilityState !== "visible") return;
      isSignedIn()
        .then((known) => (known ? queryClient.invalidateQueries() : undefined))
        .catch(() => undefined);
    };
    window.addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      window.removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, [ended, queryClient]);
  if (state === null) return null;
  // Beside the page and not in it: an open dialog takes the page away from a screen reader, but not what is live.
  return createPortal(
    <div className={styles.place} role="alert" aria-live="assertive" data-over-dialogs>
      <div className={styles.banner}>
        <Icon name="warning" />
        <div>
          <strong>Your session ended. Sign in again</strong>
          <span>{state.detail === null ? "What you were writing is kept." : `${sentence(state.detail)} What you were writing is kept.`}</span>
        </div>
        <span className={styles.actions}>
          <Button size="s" variant="primary" onClick={() => location.reload()}>
            Sign in
          </Button>
          <a href={location.pathname} target="_blank" rel="noreferrer">
            In a new window
          </a>
        </span>
      </div>
    </div>,
    document.body,
  );
}
