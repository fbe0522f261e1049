import type { ResultColumn } from "@/api/types";
import { plainName } from "@/shared/lib/plainSight";
import { isNumber, isTime } from "../model/cells";
import { type Aggregate, type Chart, type ChartKind, aggregateOf, aggregates, asKind, chartKinds, timeUnits } from "../model/chart";
import styles from "./ChartView.module.css";

const kindWords: Record<ChartKind, string> = {
  bar: "Bars",
  line: "Line",
  area: "Area",
  scatter: "Scatter",
  histogram: "Histogram",
  heatmap: "Heat map",
  points: "Map of points",
};

const aggregateWords: Record<Aggregate, string> = {
  none: "each row",
  count: "number of values",
  distinct: "different values",
  sum: "sum",
  mean: "mean",
  min: "least",
  max: "greatest",
  median: "median",
};

const sorts = { "": "as it comes", x: "x, ascending", "-x": "x, descending", y: "y, ascending", "-y": "y, descending" } as const;

interface ChartEditorProps {
  chart: Chart;
  columns: readonly ResultColumn[];
  onChange: (chart: Chart) => void;
}

/** What is drawn, chosen from the columns there are. */
export function ChartEditor({ chart, columns, onChange }: ChartEditorProps) {
  const { kind, x } = chart;
  const [y] = chart.y;
  const measure = y === undefined ? null : aggregateOf(y);
  const isBasic = kind === "bar" || kind === "line" || kind === "area";
  const xColumn = columns[x?.column ?? 0];
  const setX = (part: Partial<NonNullable<Chart["x"]>>): void => onChange({ ...chart, x: { ...(x ?? { column: 0, unit: null, bins: null }), ...part } });
  const setY = (part: Partial<Chart["y"][number]>): void => onChange({ ...chart, y: [{ column: null, aggregate: null, ...y, ...part }, ...chart.y.slice(1)] });
  return (
    <div className={styles.editor} role="group" aria-label="What the chart shows">
      <Choice
        label="Kind"
        value={kind}
        options={chartKinds.map((each) => [each, kindWords[each]])}
        onChange={(next) => onChange(asKind(chart, next as ChartKind, columns))}
      />
      {kind === "points" ? (
        <>
          <ColumnChoice
            label="Latitude"
            columns={columns}
            value={chart.latitude?.column ?? null}
            onChange={(column) => onChange({ ...chart, latitude: column === null ? null : { column } })}
            only={isNumber}
          />
          <ColumnChoice
            label="Longitude"
            columns={columns}
            value={chart.longitude?.column ?? null}
            onChange={(column) => onChange({ ...chart, longitude: column === null ? null : { column } })}
            only={isNumber}
          />
        </>
      ) : (
        <ColumnChoice
          label={kind === "histogram" ? "Values" : "Across (x)"}
          columns={columns}
          value={x?.column ?? null}
          onChange={(column) => setX({ column: column ?? 0, unit: null, bins: null })}
          {...(kind === "histogram" && { only: (column: ResultColumn) => isNumber(column) || isTime(column) })}
        />
      )}
      {(isBasic || kind === "heatmap") && xColumn !== undefined && isTime(xColumn) && (
        <Choice
          label="By"
          value={x?.unit ?? ""}
          options={[["", "each moment"], ...timeUnits.map((unit): [string, string] => [unit, unit])]}
          onChange={(unit) => setX({ unit: timeUnits.find((each) => each === unit) ?? null })}
        />
      )}
      {isBasic && (
        <>
          <Choice
            label="Measure"
            value={measure ?? "count"}
            options={aggregates.map((each) => [each, aggregateWords[each]])}
            onChange={(next) => setY({ aggregate: next as Aggregate })}
          />
          <ColumnChoice
            label="Of (y)"
            columns={columns}
            value={y?.column ?? null}
            none="rows"
            onChange={(column) => setY({ column, ...(column === null && { aggregate: "count" as const }) })}
          />
        </>
      )}
      {(kind === "scatter" || kind === "heatmap") && (
        <ColumnChoice label="Up (y)" columns={columns} value={y?.column ?? null} onChange={(column) => setY({ column, aggregate: "none" })} />
      )}
      {kind !== "histogram" && kind !== "heatmap" && (
        <ColumnChoice
          label="Colour"
          columns={columns}
          value={chart.color?.column ?? null}
          none="one"
          onChange={(column) => onChange({ ...chart, color: column === null ? null : { column, aggregate: null } })}
        />
      )}
      {(kind === "scatter" || kind === "points") && (
        <ColumnChoice
          label="Size"
          columns={columns}
          value={chart.size?.column ?? null}
          none="one"
          onChange={(column) => onChange({ ...chart, size: column === null ? null : { column } })}
          only={isNumber}
        />
      )}
      {kind === "bar" && (
        <Choice
          label="Order"
          value={chart.sort ?? ""}
          options={Object.entries(sorts)}
          onChange={(next) => onChange({ ...chart, sort: next === "" ? null : (next as NonNullable<Chart["sort"]>) })}
        />
      )}
    </div>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: readonly (readonly [value: string, words: string])[];
  onChange: (value: string) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map(([each, words]) => (
          <option key={each} value={each}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ColumnChoiceProps {
  label: string;
  columns: readonly ResultColumn[];
  value: number | null;
  /** What it means when no column is chosen; absent: one has to be. */
  none?: string;
  only?: (column: ResultColumn) => boolean;
  onChange: (column: number | null) => void;
}

function ColumnChoice({ label, columns, value, none, only, onChange }: ColumnChoiceProps) {
  const options = columns.flatMap((column, place): [string, string][] =>
    only === undefined || only(column) || place === value ? [[String(place), plainName(column.name)]] : [],
  );
  return (
    <Choice
      label={label}
      value={value === null ? "" : String(value)}
      options={none === undefined && value !== null ? options : [["", none ?? "choose"], ...options]}
      onChange={(next) => onChange(next === "" ? null : Number(next))}
    />
  );
}
