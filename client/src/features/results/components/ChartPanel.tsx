import { useState } from "react";
import type { ResultInfo } from "@/api/types";
import { recall, remember } from "@/shared/lib/storage";
import { type Chart, readChart, suggestChart } from "../model/chart";
import type { Condition } from "../model/view";
import { ChartEditor } from "./ChartEditor";
import styles from "./ChartView.module.css";
import { ChartView } from "./ChartView";

/** A chart of a result that a person makes; kept for the next time the result is opened here. */
export function ChartPanel({ info, filter }: { info: ResultInfo; filter: Condition | null }) {
  const [made, setMade] = useState<Chart>(() => keptChart(info) ?? suggestChart(info.id, info.columns, null));
  const change = (next: Chart): void => {
    setMade(next);
    remember("local", `chart.${info.id}`, JSON.stringify({ ...next, filter: null }));
  };
  if (info.rows === 0 || info.columns.length === 0) return <p className={styles.panel}>There are no rows to draw.</p>;
  return (
    <div className={styles.panel}>
      <ChartEditor chart={made} columns={info.columns} onChange={change} />
      {/* Drawn of the rows that the table shows. */}
      <ChartView chart={{ ...made, filter }} info={info} />
    </div>
  );
}

function keptChart(info: ResultInfo): Chart | null {
  try {
    const chart = readChart(JSON.parse(recall("local", `chart.${info.id}`) ?? "null"));
    return chart?.result === info.id ? chart : null;
  } catch {
    return null;
  }
}
