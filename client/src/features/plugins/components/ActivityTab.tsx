import { formatAgo, formatBytes, formatCount, formatDuration } from "@/shared/lib/format";
import type { LastError, Plugin, Usage } from "../api/types";
import styles from "./Activity.module.css";
import { AuditTable } from "./AuditTable";

/** What it did: the week in figures, what went wrong last, and every call and request one by one. */
export function ActivityTab({ plugin }: { plugin: Plugin }) {
  return (
    <div className={styles.activity}>
      <Figures usage={plugin.usage} />
      {plugin.last_errors.length > 0 && <LastErrors errors={plugin.last_errors} />}
      <AuditTable pluginId={plugin.id} />
    </div>
  );
}

function Figures({ usage }: { usage: Usage }) {
  const figures = [
    ["Calls", formatCount(usage.calls)],
    ["Errors", formatCount(usage.errors)],
    ["Requests", formatCount(usage.requests)],
    ["Sent", formatBytes(usage.bytes_sent)],
    ["Received", formatBytes(usage.bytes_received)],
    ["CPU time", formatDuration(usage.cpu_ms)],
  ] as const;
  return (
    <section aria-label="The last seven days">
      <h2 className={styles.heading}>The last seven days</h2>
      <dl className={styles.figures}>
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function LastErrors({ errors }: { errors: readonly LastError[] }) {
  return (
    <section aria-label="Last errors">
      <h2 className={styles.heading}>Last errors</h2>
      <ul className={styles.errors}>
        {errors.map((error, index) => (
          <li key={index}>
            <p className={styles.errorHead}>
              <code>{error.tool}</code>
              <span>{error.kind.replaceAll("-", " ")}</span>
              <time dateTime={error.at}>{formatAgo(error.at, Date.now())}</time>
            </p>
            <p className={styles.errorText}>{error.message}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}
