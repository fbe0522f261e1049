import type { JsonNode } from "../model/jsonTree";
import styles from "./JsonTree.module.css";

/** Parts that are open from the beginning. */
const OPEN_DEPTH = 1;
/** Items of a list that are shown before somebody asks for all. */
const MAX_ITEMS = 200;

/** A nested value as a tree that opens; its numbers as they were written. */
export function JsonTree({ node }: { node: JsonNode }) {
  return (
    <div className={styles.tree}>
      <Node name={null} node={node} depth={0} />
    </div>
  );
}

function Node({ name, node, depth }: { name: string | null; node: JsonNode; depth: number }) {
  const label = name === null ? null : <span className={styles.name}>{name}: </span>;
  if (node.kind === "string" || node.kind === "word") {
    return (
      <div className={styles.leaf}>
        {label}
        {node.kind === "string" ? (
          <span className={styles.text}>“{node.text}”</span>
        ) : (
          <span className={node.text === "null" ? styles.none : styles.word}>{node.text}</span>
        )}
      </div>
    );
  }
  const entries = node.kind === "object" ? node.entries : node.items.map((item, index): readonly [string, JsonNode] => [String(index), item]);
  const marks = node.kind === "object" ? "{ }" : "[ ]";
  return (
    <details open={depth <= OPEN_DEPTH} className={styles.branch}>
      <summary>
        {label}
        <span className={styles.marks}>
          {marks} {entries.length}
        </span>
      </summary>
      {entries.slice(0, MAX_ITEMS).map(([key, child], index) => (
        <Node key={index} name={key} node={child} depth={depth + 1} />
      ))}
      {entries.length > MAX_ITEMS && <div className={styles.leaf}>… {entries.length - MAX_ITEMS} more, in the copied value</div>}
    </details>
  );
}
