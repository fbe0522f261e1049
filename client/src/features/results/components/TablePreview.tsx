import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Problem, messageOf } from "@/api/problem";
import type { ResultRef } from "@/api/resultRef";
import { cx } from "@/shared/lib/cx";
import { formatCount, plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Menu } from "@/shared/ui/Menu";
import { Name } from "@/shared/ui/Name";
import { Skeleton } from "@/shared/ui/Skeleton";
import { HEAD_ROWS, headQuery } from "../api/head";
import { generationOf, prefetchResult } from "../api/result";
import { isNumber, typeName } from "../model/cells";
import { downloads } from "../model/downloads";
import { useResultNavigation } from "../resultNavigation";
import { drawCell } from "./GridRow";
import styles from "./ResultsInThread.module.css";

/** Columns that a preview shows. */
const PREVIEW_COLUMNS = 12;

/** The first rows of a table, and the way to all of it. */
export function TablePreview({ result, of }: { result: ResultRef; of: string }) {
  const head = useQuery({ ...headQuery(result.id, generationOf({ state: result.state as "complete", rows: result.rows })), enabled: result.rows > 0 });
  const { open, prepare } = useResultNavigation();
  const client = useQueryClient();
  const columns = result.columns ?? [];
  const shown = columns.slice(0, PREVIEW_COLUMNS);
  const rows = head.data?.rows ?? [];
  const isPart = result.rows > HEAD_ROWS || columns.length > shown.length;
  const get = (): void => {
    prepare();
    prefetchResult(client, result.id);
  };
  const openAll = (view?: "chart"): void => open({ id: result.id, row: null, column: null, ...(view !== undefined && { view }) });
  if (head.isError) {
    return head.error instanceof Problem && head.error.status === 404 ? (
      <p className={styles.more}>This result was deleted.</p>
    ) : (
      <LoadFailure title="The result could not be loaded" message={messageOf(head.error)} onRetry={() => void head.refetch()} />
    );
  }
  return (
    <div className={styles.preview}>
      {/* Scrolls by itself, so it must be reachable by keyboard. */}
      <div className={styles.scroll} tabIndex={0} role="group" aria-label={`Beginning of the result of ${of}`}>
        <table>
          <thead>
            <tr>
              {shown.map((column, place) => (
                <th key={place} scope="col" className={cx(isNumber(column) && styles.right)}>
                  <Name text={column.name} />
                  <small>{typeName(column)}</small>
                </th>
              ))}
              {columns.length > shown.length && <th scope="col">+{columns.length - shown.length} more</th>}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.number}>
                {shown.map((column, place) => (
                  <td key={place} dir={isNumber(column) ? undefined : "auto"} className={cx(isNumber(column) && styles.right)}>
                    {drawCell(row.cells[place] ?? null, column)}
                  </td>
                ))}
                {columns.length > shown.length && <td className={styles.more}>…</td>}
              </tr>
            ))}
          </tbody>
        </table>
        {head.isLoading && (
          <div className={styles.state}>
            <Skeleton lines={Math.min(HEAD_ROWS, result.rows)} label="Loading the first rows" />
          </div>
        )}
      </div>
      <div className={styles.foot} onPointerEnter={get} onFocus={get}>
        <span className={styles.count}>
          {isPart && result.rows > HEAD_ROWS ? `${formatCount(HEAD_ROWS)} of ${plural(result.rows, "row")}` : plural(result.rows, "row")} ·{" "}
          {plural(columns.length, "column")}
        </span>
        <Button size="s" variant={isPart ? "secondary" : "quiet"} icon="table" onClick={() => openAll()}>
          {isPart ? "Open all" : "Open"}
        </Button>
        <Button size="s" variant="quiet" icon="chart" onClick={() => openAll("chart")}>
          Chart
        </Button>
        <Menu label={`Download all ${plural(result.rows, "row")}`} icon="download" items={downloads(result.id, {})} />
      </div>
    </div>
  );
}
