import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { messageOf } from "@/api/problem";
import { Button } from "@/shared/ui/Button";
import { Segmented } from "@/shared/ui/Segmented";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Skeleton } from "@/shared/ui/Skeleton";
import { type AuditFilter, auditQuery } from "../api/audit";
import styles from "./Activity.module.css";
import { AuditRow } from "./AuditRow";

const filters = [
  { value: "all", label: "All" },
  { value: "call", label: "Calls" },
  { value: "request", label: "Requests" },
  { value: "change", label: "Changes" },
] as const;

const empty: Record<AuditFilter, string> = {
  all: "Nothing is recorded yet.",
  call: "It has not been called yet.",
  request: "It has sent no request, and tried none.",
  change: "Nothing was changed.",
};

/** The host's own record; the newest first. */
export function AuditTable({ pluginId }: { pluginId: string }) {
  const [filter, setFilter] = useState<AuditFilter>("all");
  const audit = useInfiniteQuery(auditQuery(pluginId, filter));
  const entries = audit.data?.pages.flatMap((page) => page.records) ?? [];
  // Who asked is worth a place where it is not always the same person.
  const severalUsers = new Set(entries.map((entry) => entry.user)).size > 1;
  return (
    <section aria-label="Record">
      <div className={styles.recordHead}>
        <h2 className={styles.heading}>Record</h2>
        <Segmented label="Show" value={filter} options={filters} onChange={setFilter} />
      </div>
      {audit.isPending && <Skeleton lines={4} label="Loading the record" />}
      {audit.isError && (
        <LoadFailure
          title="The record could not be loaded"
          message={messageOf(audit.error)}
          stale={audit.data !== undefined}
          onRetry={() => void audit.refetch()}
        />
      )}
      {audit.data !== undefined && entries.length === 0 && <p className={styles.none}>{empty[filter]}</p>}
      {entries.length > 0 && (
        <div role="table" aria-label="Calls, requests and changes" className={styles.table}>
          <div role="rowgroup" className={styles.tableHead}>
            <div role="row" className={styles.row}>
              {["When", "What", "Result", "Bytes", "Took"].map((name) => (
                <span key={name} role="columnheader">
                  {name}
                </span>
              ))}
            </div>
          </div>
          <div role="rowgroup">
            {entries.map((entry, index) => (
              <AuditRow key={index} entry={entry} withUser={severalUsers} />
            ))}
          </div>
        </div>
      )}
      {audit.hasNextPage && (
        <Button size="s" className={styles.more} disabled={audit.isFetchingNextPage} onClick={() => void audit.fetchNextPage()}>
          {audit.isFetchingNextPage ? "Loading…" : "Show older"}
        </Button>
      )}
    </section>
  );
}
