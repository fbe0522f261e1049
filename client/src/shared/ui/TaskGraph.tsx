import { type CSSProperties, useMemo } from "react";
import { cx } from "@/shared/lib/cx";
import { ranks } from "@/shared/lib/ranks";
import { plainName } from "@/shared/lib/plainSight";
import { Name } from "./Name";
import styles from "./TaskGraph.module.css";

const tones = { plain: undefined, info: styles.info, good: styles.good, bad: styles.bad, dim: styles.dim } as const;

export interface TaskNode {
  readonly key: string;
  /** The keys of those that come before it. */
  readonly dependsOn: readonly string[];
  /** A few words under its key. */
  readonly note: string;
  readonly tone: keyof typeof tones;
  /** Its page elsewhere. */
  readonly link: string | null;
}

/** In rem, as the style sheet draws them: the lines between grow with the text. */
const WIDTH = 11;
const HEIGHT = 2.9;
const GAP_X = 2.25;
const GAP_Y = 0.6;

/** Tasks from left to right, each behind what it depends on, with lines between. Read aloud, each says what it comes after. */
export function TaskGraph({ label, nodes }: { label: string; nodes: readonly TaskNode[] }) {
  const { placed, width, height, lines } = useMemo(() => place(nodes), [nodes]);
  return (
    // Scrolls by itself, so it must be reachable by keyboard.
    <div className={styles.scroll} tabIndex={0} role="group" aria-label={label}>
      <div className={styles.field} style={{ width: `${width}rem`, height: `${height}rem` }}>
        <svg className={styles.lines} viewBox={`0 0 ${width} ${height}`} aria-hidden="true" focusable="false">
          {lines.map((line) => (
            <path key={line} d={line} />
          ))}
        </svg>
        <ol className={styles.nodes} aria-label={label}>
          {placed.map(({ node, x, y }) => (
            <li key={node.key} className={cx(styles.node, tones[node.tone])} style={{ left: `${x}rem`, top: `${y}rem` } satisfies CSSProperties}>
              <span className={styles.key} title={plainName(node.key)}>
                {node.link === null ? (
                  <Name text={node.key} />
                ) : (
                  <a href={node.link} target="_blank" rel="noopener noreferrer">
                    <Name text={node.key} />
                  </a>
                )}
              </span>
              <span className={styles.note} title={plainName(node.note)}>
                <Name text={node.note} />
              </span>
              {node.dependsOn.length > 0 && <span className="visually-hidden">after {plainName(node.dependsOn.join(", "))}</span>}
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}

interface Placed {
  node: TaskNode;
  x: number;
  y: number;
}

const tall = (count: number): number => count * (HEIGHT + GAP_Y) - GAP_Y;

/** Where each stands, columns in the middle of the tallest one, and the lines from what is before to what is behind. */
function place(nodes: readonly TaskNode[]): { placed: Placed[]; width: number; height: number; lines: string[] } {
  const columns = ranks(nodes);
  const height = tall(Math.max(1, ...columns.map((column) => column.length)));
  const width = Math.max(1, columns.length) * (WIDTH + GAP_X) - GAP_X;
  const placed = columns.flatMap((column, at) =>
    column.map((node, row) => ({ node, x: at * (WIDTH + GAP_X), y: (height - tall(column.length)) / 2 + row * (HEIGHT + GAP_Y) })),
  );
  const byKey = new Map(placed.map((place) => [place.node.key, place]));
  const lines = placed.flatMap((to) => to.node.dependsOn.flatMap((key) => lineBetween(byKey.get(key), to) ?? []));
  return { placed, width, height, lines: [...new Set(lines)] };
}

function lineBetween(from: Placed | undefined, to: Placed): string | null {
  if (from === undefined) return null;
  const [x1, y1] = [from.x + WIDTH, from.y + HEIGHT / 2];
  const [x2, y2] = [to.x, to.y + HEIGHT / 2];
  const bend = GAP_X / 2;
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}m-.4 -.25l.4 .25l-.4 .25`;
}
