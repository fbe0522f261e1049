import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Problem, messageOf } from "@/api/problem";
import { plainName } from "@/shared/lib/plainSight";
import { Button } from "@/shared/ui/Button";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Skeleton } from "@/shared/ui/Skeleton";
import { resultQuery } from "../api/result";
import { readChart } from "../model/chart";
import { useResultNavigation } from "../resultNavigation";
import { ChartEditor } from "./ChartEditor";
import { ChartView, chartWords } from "./ChartView";
import styles from "./ChartView.module.css";

/** A chart that the agent made, in its call's place: it can be drawn another way, and its result opened. */
export function ChartInThread({ chart: said }: { chart: unknown }) {
  const [made, setMade] = useState(() => readChart(said));
  const [editing, setEditing] = useState(false);
  const { open } = useResultNavigation();
  const result = useQuery({ ...resultQuery(made?.result ?? ""), enabled: made !== null });
  if (made === null) return <p className={styles.card}>This chart was made for a newer page. Reload to see it.</p>;
  if (result.isPending) return <Skeleton lines={8} label="Loading the chart" />;
  if (result.isError) {
    return result.error instanceof Problem && result.error.status === 404 ? (
      <p className={styles.card}>The result of this chart was deleted.</p>
    ) : (
      <LoadFailure title="The chart could not be loaded" message={messageOf(result.error)} onRetry={() => void result.refetch()} />
    );
  }
  return (
    <section className={styles.card} aria-label={`Chart: ${plainName(chartWords(made, result.data))}`}>
      {editing && <ChartEditor chart={made} columns={result.data.columns} onChange={setMade} />}
      <ChartView chart={made} info={result.data}>
        <Button size="s" variant="quiet" icon="sliders" aria-pressed={editing} onClick={() => setEditing(!editing)}>
          Change
        </Button>
        <Button size="s" variant="quiet" icon="table" onClick={() => open({ id: made.result, row: null, column: null })}>
          Open the data
        </Button>
      </ChartView>
    </section>
  );
}
