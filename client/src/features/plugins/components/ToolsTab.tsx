import type { Plugin } from "../api/types";
import styles from "./Tools.module.css";
import { ToolEntry } from "./ToolEntry";

export function ToolsTab({ plugin }: { plugin: Plugin }) {
  if (plugin.tools.length === 0) return <p className={styles.none}>It brings no tools.</p>;
  return (
    <ul className={styles.tools}>
      {plugin.tools.map((tool) => (
        <ToolEntry key={tool.name} tool={tool} />
      ))}
    </ul>
  );
}
