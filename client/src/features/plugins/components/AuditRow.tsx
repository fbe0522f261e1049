import { cx } from "@/shared/lib/cx";
import { formatBytes, formatDuration, formatMoment } from "@/shared/lib/format";
import type { AuditEntry } from "../api/types";
import { isDenied, outcomeWords } from "../model/words";
import styles from "./Activity.module.css";
import { SaidBadge } from "./PluginBadges";

export function AuditRow({ entry, withUser }: { entry: AuditEntry; withUser: boolean }) {
  const details = [
    entry.kind === "request" ? entry.tool : "",
    entry.cpu_ms != null && entry.kind === "call" ? `${formatDuration(entry.cpu_ms)} CPU` : "",
    entry.memory_peak_bytes != null && entry.kind === "call" ? `${formatBytes(entry.memory_peak_bytes)} memory` : "",
    entry.reason ?? "",
    entry.kind === "change" ? entry.powers.join(", ") : "",
    withUser ? entry.user : "",
  ].filter((part) => part !== "");
  return (
    <div role="row" className={cx(styles.row, isDenied(entry) && styles.denied)}>
      <span role="cell" className={styles.when}>
        <time dateTime={entry.at}>{formatMoment(entry.at, Date.now())}</time>
      </span>
      <span role="cell" className={styles.what}>
        {entry.kind === "request" ? (
          <code>
            <b>{entry.method}</b> {entry.host}
            {entry.path}
          </code>
        ) : (
          <code>{entry.kind === "change" ? outcomeWords(entry).text : entry.tool}</code>
        )}
        {details.length > 0 && <span className={styles.details}>{details.join(" · ")}</span>}
      </span>
      <span role="cell" className={styles.result}>
        {entry.kind !== "change" && <SaidBadge said={outcomeWords(entry)} />}
      </span>
      <span role="cell" className={styles.number}>
        {entry.kind !== "change" && <Traffic entry={entry} />}
      </span>
      <span role="cell" className={styles.number}>
        {entry.kind !== "change" && formatDuration(entry.duration_ms)}
      </span>
    </div>
  );
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
