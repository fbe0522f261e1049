import { useQuery } from "@tanstack/react-query";
import type { ResultColumn } from "@/api/types";
import { formatCount } from "@/shared/lib/format";
import { summaryQuery } from "../api/column";
import { asCell, formatCell, isNumber } from "../model/cells";
import type { Condition } from "../model/view";
import styles from "./ColumnMenu.module.css";

const SHARE_DIGITS = 1;
const MEAN_DIGITS = 6;

/** How many values, how many of them missing, and between what. */
export function ColumnSummary({ id, place, column, filter }: { id: string; place: number; column: ResultColumn; filter: Condition | null }) {
  const summary = useQuery(summaryQuery(id, place, filter));
  if (summary.data === undefined) return summary.isError ? null : <p className={styles.note}>Counting…</p>;
  const { rows, nulls, min, max, mean, longest } = summary.data;
  const share = rows === 0 ? 0 : (100 * nulls) / rows;
  const say = (value: unknown): string => {
    const cell = asCell(value);
    return cell === null ? "–" : cell === "" ? "empty text" : formatCell(cell, column);
  };
  const facts: [string, string][] = [
    ["NULL", nulls === 0 ? "none" : `${formatCount(nulls)} (${share < 0.1 ? "< 0.1" : share.toFixed(SHARE_DIGITS)} %)`],
    ...(rows > nulls
      ? ([
          ["Least", say(min)],
          ["Greatest", say(max)],
        ] as [string, string][])
      : []),
    ...(isNumber(column) && mean != null ? ([["Mean, about", Number(mean).toPrecision(MEAN_DIGITS)]] as [string, string][]) : []),
    ...(longest != null ? ([["Longest", `${formatCount(longest)} characters`]] as [string, string][]) : []),
  ];
  return (
    <dl className={styles.facts}>
      {facts.map(([name, value]) => (
        <div key={name} style={{ display: "contents" }}>
          <dt>{name}</dt>
          <dd title={value}>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
