/** Draws with Vega, which interprets its expressions here: the page's policy lets nothing make code of text. */
import { type RefObject, useEffect, useImperativeHandle, useRef, useState } from "react";
import { View, parse } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile } from "vega-lite";
import type { ResultColumn } from "@/api/types";
import type { Mark } from "../api/chart";
import { observeSize } from "../hooks/observeSize";
import { useLook } from "../hooks/useLook";
import type { Chart } from "../model/chart";
import { vegaSpec } from "../model/vegaSpec";
import styles from "./ChartView.module.css";

export interface PlotHandle {
  /** The picture as it stands, on the page's ground. */
  readonly svg: () => Promise<string>;
  readonly png: () => Promise<string>;
}

export interface ChartPlotProps {
  chart: Chart;
  columns: readonly ResultColumn[];
  marks: readonly Mark[];
  /** What it shows, for who does not see it. */
  label: string;
  handle: RefObject<PlotHandle | null>;
}

const PNG_SCALE = 2;
const HEIGHT_PX = 340;
const MIN_WIDTH_PX = 200;
/** More marks are drawn as pixels and not as parts of the page. */
const MAX_PARTS = 1_500;

export function ChartPlot({ chart, columns, marks, label, handle }: ChartPlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<View | null>(null);
  const [width, setWidth] = useState(0);
  const [tip, setTip] = useState<{ x: number; y: number; lines: readonly [string, string][] } | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const look = useLook(box);

  // The browser says how wide the place is.
  useEffect(() => {
    const element = box.current;
    return element === null ? undefined : observeSize(element, () => setWidth(Math.max(MIN_WIDTH_PX, Math.floor(element.clientWidth))));
  }, []);

  // The library draws into an element of its own.
  useEffect(() => {
    const element = box.current?.querySelector<HTMLElement>("[data-plot]");
    if (element == null || width === 0 || look === null) return;
    let drawn: View | null = null;
    try {
      const { spec } = compile(vegaSpec(chart, columns, marks, look, { width, height: HEIGHT_PX }));
      drawn = new View(parse(spec, undefined, { ast: true }), {
        expr: expressionInterpreter,
        renderer: marks.length > MAX_PARTS ? "canvas" : "svg",
        hover: true,
        container: element,
        tooltip: (_, event, __, value) => setTip(tipOf(event, value, box.current)),
      });
      view.current = drawn;
      drawn.runAsync().then(
        () => setTrouble(null),
        (error: unknown) => setTrouble(error instanceof Error ? error.message : String(error)),
      );
    } catch (error) {
      // A specification that does not fit its data is the agent's or the reader's to mend, not a fault of the page.
      queueMicrotask(() => setTrouble(error instanceof Error ? error.message : String(error)));
    }
    return () => {
      drawn?.finalize();
      element.replaceChildren();
      view.current = null;
      setTip(null);
    };
  }, [chart, columns, marks, look, width]);

  useImperativeHandle(handle, () => ({
    svg: async () => {
      const picture = (await view.current?.toSVG()) ?? "";
      return picture.replace(/<svg([^>]*)>/, `<svg$1><rect width="100%" height="100%" fill="${look?.ground ?? "white"}"/>`);
    },
    png: async () => {
      const picture = await view.current?.background(look?.ground ?? "white").toImageURL("png", PNG_SCALE);
      view.current?.background("transparent");
      return picture ?? "";
    },
  }));

  return (
    <div ref={box} className={styles.plot}>
      <div role="img" aria-label={label} style={{ minHeight: HEIGHT_PX }}>
        <div data-plot />
      </div>
      {trouble !== null && <p className={styles.trouble}>This chart does not fit its data: {trouble}</p>}
      {tip !== null && (
        <dl className={styles.tip} style={{ left: tip.x, top: tip.y }} aria-hidden="true">
          {tip.lines.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

const TIP_PX = 220;

function tipOf(event: MouseEvent, value: unknown, box: HTMLElement | null): { x: number; y: number; lines: [string, string][] } | null {
  if (value === null || value === undefined || typeof value !== "object" || box === null) return null;
  const place = box.getBoundingClientRect();
  const x = event.clientX - place.left;
  return {
    x: Math.max(0, x + 12 + TIP_PX > place.width ? x - TIP_PX : x + 12),
    y: event.clientY - place.top + 12,
    lines: Object.entries(value).map(([name, said]) => [name, String(said)]),
  };
}
