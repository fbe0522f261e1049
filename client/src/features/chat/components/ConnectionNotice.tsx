import { useReachable } from "@/shared/lib/reachable";
import { useSignedOut } from "@/shared/lib/signedOut";
import { Button } from "@/shared/ui/Button";
import type { Connection, Session } from "../model/session";
import styles from "./ConnectionNotice.module.css";

/** Only from the second failure on: a connection that is cut and comes back is normal life. */
const QUIET_FAILURES = 1;

/** The one place that says that the host does not answer. */
export function ConnectionNotice({ connection, session }: { connection: Connection; session: Session }) {
  const reachable = useReachable();
  const failures = connection.kind === "connecting" || connection.kind === "waiting" ? connection.attempt : 0;
  // Who is signed out is told so, once: what fails because of it is no lost connection.
  const signedOut = useSignedOut() !== null;
  const lost = !signedOut && (!reachable || failures > QUIET_FAILURES);
  return (
    <div role="status" data-empty={!lost}>
      {lost && (
        <div className={styles.notice}>
          <span>Connection lost: Bricklayer does not answer. What you write is kept; trying again{failures > 3 ? ` (attempt ${failures})` : ""}…</span>
          <Button
            size="s"
            onClick={() => {
              session.reconnectNow();
              session.load().catch(() => undefined);
            }}
          >
            Reconnect now
          </Button>
        </div>
      )}
    </div>
  );
}
