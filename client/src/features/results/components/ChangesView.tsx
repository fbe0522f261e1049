import { useQuery } from "@tanstack/react-query";
import { messageOf } from "@/api/problem";
import type { ResultChanges } from "@/api/types";
import { cx } from "@/shared/lib/cx";
import { formatCount, plural } from "@/shared/lib/format";
import { plainName } from "@/shared/lib/plainSight";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Skeleton } from "@/shared/ui/Skeleton";
import { changesQuery } from "../api/again";
import { asCell, typeName } from "../model/cells";
import { drawCell } from "./GridRow";
import styles from "./OriginView.module.css";

/** What changed from one result to its repetition. */
export function ChangesView({ before, after }: { before: string; after: string }) {
  const changes = useQuery(changesQuery(before, after));
  if (changes.isPending) return <Skeleton lines={2} label="Comparing" />;
  if (changes.isError)
    return <LoadFailure title="The results could not be compared" message={messageOf(changes.error)} onRetry={() => void changes.refetch()} />;
  const { columns, rows, added, removed, complete } = changes.data;
  const sameColumns = columns.added.length + columns.removed.length + columns.changed.length === 0;
  const same = sameColumns && rows.added + rows.removed === 0;
  return (
    <section className={styles.changes} aria-label="What changed">
      <strong>{same ? `Nothing changed: the same ${plural(rows.after, "row")}` : "What changed"}</strong>
      {!same && (
        <>
          <p>
            {plural(rows.before, "row")} before, {formatCount(rows.after)} now: {formatCount(rows.same)} the same, {formatCount(rows.added)} added,{" "}
            {formatCount(rows.removed)} gone.
          </p>
          {columnWords(columns).map((words) => (
            <p key={words}>{words}</p>
          ))}
          {added.length + removed.length > 0 && (
            <div className={styles.rows} tabIndex={0} role="group" aria-label="Examples of changed rows">
              <table>
                <tbody>
                  <Examples rows={removed} sign="−" removed />
                  <Examples rows={added} sign="+" />
                </tbody>
              </table>
            </div>
          )}
          {!complete && <p>More rows changed than are shown here.</p>}
        </>
      )}
    </section>
  );
}

function Examples({ rows, sign, removed = false }: { rows: ResultChanges["added"]; sign: string; removed?: boolean }) {
  return rows.map(({ row, values }) => (
    <tr key={row} className={cx(removed && styles.removed)}>
      <td className={styles.sign}>
        {sign}
        <span className="visually-hidden">{removed ? " gone" : " added"}</span>
      </td>
      {values.map((value, place) => (
        <td key={place}>{drawCell(asCell(value), undefined)}</td>
      ))}
    </tr>
  ));
}

const names = (list: readonly string[]): string => list.map(plainName).join(", ");

function columnWords({ added, removed, changed }: ResultChanges["columns"]): string[] {
  return [
    ...(added.length > 0 ? [`New columns: ${names(added)}.`] : []),
    ...(removed.length > 0 ? [`Columns that are gone: ${names(removed)}.`] : []),
    ...changed.map(({ name, from, to }) => `${plainName(name)} was ${typeName(from)} and is ${typeName(to)} now.`),
  ];
}
