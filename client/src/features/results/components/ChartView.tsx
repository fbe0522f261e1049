import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useRef, useState } from "react";
import { messageOf } from "@/api/problem";
import type { ResultInfo } from "@/api/types";
import { keepFrom, saveAs } from "@/shared/lib/download";
import { formatCount } from "@/shared/lib/format";
import { Part, usePart } from "@/shared/lib/part";
import { plainName } from "@/shared/lib/plainSight";
import { Button } from "@/shared/ui/Button";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Menu } from "@/shared/ui/Menu";
import { Notice } from "@/shared/ui/Notice";
import { Skeleton } from "@/shared/ui/Skeleton";
import { type Mark, chartQuery } from "../api/chart";
import { generationOf } from "../api/result";
import { type Chart, measureName } from "../model/chart";
import type { PlotHandle } from "./ChartPlot";
import styles from "./ChartView.module.css";

/** What draws charts is large, and comes with the first one. */
const plot = new Part(() => import("./ChartPlot").then((file) => file.ChartPlot));

interface ChartViewProps {
  chart: Chart;
  info: ResultInfo;
  /** More that can be done, beside the pictures. */
  children?: ReactNode;
}

/** A chart with its data as a table beside it, and as a picture to take along. */
export function ChartView({ chart, info, children }: ChartViewProps) {
  const data = useQuery(chartQuery(chart, info.columns, generationOf(info)));
  const drawing = usePart(plot);
  const handle = useRef<PlotHandle | null>(null);
  const [asTable, setAsTable] = useState(false);
  const label = chartWords(chart, info);
  if (data.isError) return <LoadFailure title="The chart’s data could not be read" message={messageOf(data.error)} onRetry={() => void data.refetch()} />;
  if (drawing.status === "missing") return <Notice tone="bad">What draws charts did not load. Reload the page to try again; the table is all there.</Notice>;
  if (data.data === undefined || drawing.status === "loading") return <Skeleton lines={9} label="Drawing the chart" />;
  const { marks, note } = data.data;
  const name = plainName(chart.title ?? label).slice(0, 80);
  const keep = async (kind: "svg" | "png"): Promise<void> => {
    const picture = await handle.current?.[kind]();
    if (picture === undefined || picture === "") return;
    if (kind === "svg") saveAs(`${name}.svg`, "image/svg+xml", picture);
    else keepFrom(picture, `${name}.png`);
  };
  return (
    <figure className={styles.chart}>
      {marks.length === 0 ? (
        <p className={styles.note}>There is nothing to draw: no row has these values.</p>
      ) : asTable ? (
        <MarkTable marks={marks} label={label} />
      ) : (
        <drawing.value chart={chart} columns={info.columns} marks={marks} label={label} handle={handle} />
      )}
      <figcaption className={styles.foot}>
        <span className={styles.note}>{note}</span>
        {children}
        <Button size="s" variant="quiet" icon="table" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          As table
        </Button>
        <Menu
          label="Keep the picture"
          icon="download"
          items={[
            { label: "Picture (PNG)", icon: "image", onSelect: () => void keep("png") },
            { label: "Drawing (SVG)", icon: "image", onSelect: () => void keep("svg") },
          ]}
        />
      </figcaption>
    </figure>
  );
}

/** "bar chart: sum of price by city", for who does not see it. */
export function chartWords(chart: Chart, { columns }: Pick<ResultInfo, "columns">): string {
  if (chart.title !== null) return chart.title;
  const name = (at: number | undefined): string => plainName(columns[at ?? 0]?.name ?? "");
  if (chart.kind === "points") return `map of points: ${name(chart.latitude?.column)}, ${name(chart.longitude?.column)}`;
  if (chart.kind === "histogram") return `histogram of ${name(chart.x?.column)}`;
  if (chart.kind === "heatmap") return `heat map: ${name(chart.x?.column)} by ${name(chart.y[0]?.column ?? undefined)}`;
  return `${chart.kind} chart: ${chart.y.map((measure) => measureName(measure, columns)).join(", ")} by ${name(chart.x?.column)}`;
}

const MAX_TABLE_ROWS = 500;

/** The same values to be read one by one. */
function MarkTable({ marks, label }: { marks: readonly Mark[]; label: string }) {
  const hasSeries = marks.some(({ series }) => series !== null);
  const hasValue = marks.some(({ valueText }) => valueText !== null);
  return (
    <div className={styles.table} tabIndex={0} role="group" aria-label={label}>
      <table>
        <thead>
          <tr>
            <th scope="col">x</th>
            {hasSeries && <th scope="col">series</th>}
            <th scope="col">y</th>
            {hasValue && <th scope="col">value</th>}
          </tr>
        </thead>
        <tbody>
          {marks.slice(0, MAX_TABLE_ROWS).map((mark, index) => (
            <tr key={index}>
              <td>{mark.xText}</td>
              {hasSeries && <td>{mark.series}</td>}
              <td>{mark.yText}</td>
              {hasValue && <td>{mark.valueText}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {marks.length > MAX_TABLE_ROWS && (
        <p className={styles.note}>
          The first {formatCount(MAX_TABLE_ROWS)} of {formatCount(marks.length)}.
        </p>
      )}
    </div>
  );
}
