import { useQuery } from "@tanstack/react-query";
import type { ResultColumn } from "@/api/types";
import { formatCount } from "@/shared/lib/format";
import { histogramQuery } from "../api/column";
import { formatCell } from "../model/cells";
import type { ColumnFilter, Condition } from "../model/view";
import styles from "./ColumnMenu.module.css";

interface ValueHistogramProps {
  id: string;
  place: number;
  column: ResultColumn;
  filter: Condition | null;
  /** The values of a bar were chosen. */
  onChoose: (filter: ColumnFilter) => void;
}

const SHORT_CHARS = 16;

/** How the values lie between the least and the greatest; a bar that is pressed becomes the filter. */
export function ValueHistogram({ id, place, column, filter, onChoose }: ValueHistogramProps) {
  const { data } = useQuery(histogramQuery(id, place, filter));
  const [first] = data?.bins ?? [];
  const last = data?.bins.at(-1);
  if (data === undefined || first === undefined || last === undefined) return null;
  const most = Math.max(1, ...data.bins.map(({ count }) => count));
  const short = (value: string | number): string => {
    const text = typeof value === "number" ? String(Number(value.toPrecision(6))) : formatCell(value, column);
    return text.slice(0, SHORT_CHARS);
  };
  return (
    <div>
      <div className={styles.bars} role="group" aria-label="How values lie">
        {data.bins.map(({ from, to, count }, index) => (
          <button
            key={index}
            type="button"
            title={`${short(from)} to ${short(to)}: ${formatCount(count)}`}
            aria-label={`${short(from)} to ${short(to)}: ${formatCount(count)} rows. Filter by it`}
            onClick={() => onChoose({ kind: "between", from, to, inclusive: index === data.bins.length - 1 })}
          >
            <span style={{ height: `${count === 0 ? 0 : Math.max(2, (100 * count) / most)}%` }} />
          </button>
        ))}
      </div>
      <div className={styles.ends}>
        <span>{short(first.from)}</span>
        <span>{short(last.to)}</span>
      </div>
      {data.others > 0 && <p className={styles.note}>{formatCount(data.others)} are NaN or infinite.</p>}
    </div>
  );
}
