import type { Plugin } from "../api/types";
import styles from "./Tools.module.css";
import { ToolChoice } from "./ToolChoice";
import { ToolEntry } from "./ToolEntry";

export function ToolsTab({ plugin, projectId }: { plugin: Plugin; projectId: string | null }) {
  if (plugin.tools.length === 0) return <p className={styles.none}>It brings no tools.</p>;
  return (
    <>
      {projectId !== null && (
        <p className={styles.family}>
          All tools <ToolChoice projectId={projectId} name={plugin.name} label={`All tools of ${plugin.name}`} />
        </p>
      )}
      <ul className={styles.tools}>
        {plugin.tools.map((tool) => (
          <ToolEntry key={tool.name} tool={tool} projectId={projectId} />
        ))}
      </ul>
    </>
  );
}
