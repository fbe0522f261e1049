import { cx } from "@/shared/lib/cx";
import { formatBytes, formatDuration, formatMoment } from "@/shared/lib/format";
import type { AuditEntry } from "../api/types";
import { isDenied, outcomeWords } from "../model/words";
import styles from "./Activity.module.css";
import { SaidBadge } from "./PluginBadges";

/** One call, one request or one change. `withUser`: it is not always the same person. */
export function AuditRow({ entry, withUser }: { entry: AuditEntry; withUser: boolean }) {
  const user = withUser ? entry.user : "";
  return entry.kind === "change" ? <Change entry={entry} user={user} /> : <Deed entry={entry} user={user} />;
}

/** What somebody did to the plugin: words over the whole width, for there is nothing to count. */
function Change({ entry, user }: { entry: AuditEntry; user: string }) {
  return (
    <div role="row" className={cx(styles.row, styles.change)}>
      <When at={entry.at} />
      <span role="cell" aria-colspan={4} className={styles.what}>
        <code>{outcomeWords(entry).text}</code>
        <Details parts={[entry.reason ?? "", user]} />
        {entry.powers.map((power) => (
          <span key={power} className={styles.details}>
            {power}
          </span>
        ))}
      </span>
    </div>
  );
}

/** What the plugin did. */
function Deed({ entry, user }: { entry: AuditEntry; user: string }) {
  const ofCall = entry.kind === "call";
  return (
    <div role="row" className={cx(styles.row, isDenied(entry) && styles.denied)}>
      <When at={entry.at} />
      <span role="cell" className={styles.what}>
        {ofCall ? (
          <code>{entry.tool}</code>
        ) : (
          <code>
            <b>{entry.method}</b> {entry.host}
            {entry.path}
          </code>
        )}
        <Details
          parts={[
            ofCall ? "" : entry.tool,
            ofCall && entry.cpu_ms != null ? `${formatDuration(entry.cpu_ms)} CPU` : "",
            ofCall && entry.memory_peak_bytes != null ? `${formatBytes(entry.memory_peak_bytes)} memory` : "",
            entry.reason ?? "",
            user,
          ]}
        />
      </span>
      <span role="cell" className={styles.result}>
        <SaidBadge said={outcomeWords(entry)} />
      </span>
      <span role="cell" className={styles.number}>
        <Traffic entry={entry} />
      </span>
      <span role="cell" className={styles.number}>
        {formatDuration(entry.duration_ms)}
      </span>
    </div>
  );
}

function When({ at }: { at: string }) {
  return (
    <span role="cell" className={styles.when}>
      <time dateTime={at}>{formatMoment(at, Date.now())}</time>
    </span>
  );
}

function Details({ parts }: { parts: readonly string[] }) {
  const said = parts.filter((part) => part !== "");
  return said.length > 0 && <span className={styles.details}>{said.join(" · ")}</span>;
}

function Traffic({ entry }: { entry: AuditEntry }) {
  return (
    <>
      <span title="Sent">
        <span className="visually-hidden">sent </span>
        <span aria-hidden="true">↑</span>
        {formatBytes(entry.bytes_sent)}
      </span>{" "}
      <span title="Received">
        <span className="visually-hidden">received </span>
        <span aria-hidden="true">↓</span>
        {formatBytes(entry.bytes_received)}
      </span>
    </>
  );
}
