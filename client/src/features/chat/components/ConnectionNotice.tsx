import { Button } from "@/shared/ui/Button";
import type { Connection, Session } from "../model/session";
import styles from "./ConnectionNotice.module.css";

/** Only from the second failure on: a connection that is cut and comes back is normal life. */
const QUIET_FAILURES = 1;

export function ConnectionNotice({ connection, session }: { connection: Connection; session: Session }) {
  const failures = connection.kind === "connecting" || connection.kind === "waiting" ? connection.attempt : 0;
  if (failures <= QUIET_FAILURES) return null;
  return (
    <div className={styles.notice} role="status">
      <span>
        Connection lost. The turn goes on at the server; reconnecting
        {failures > 3 ? ` (attempt ${failures})` : ""}…
      </span>
      <Button size="s" onClick={() => session.reconnectNow()}>
        Reconnect now
      </Button>
    </div>
  );
}
