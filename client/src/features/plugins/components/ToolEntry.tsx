import { useId, useState } from "react";
import type { ToolInfo } from "@/api/types";
import { Icon } from "@/shared/ui/Icon";
import { annotationWords } from "../model/words";
import { SaidBadge } from "./PluginBadges";
import { ToolChoice } from "./ToolChoice";
import { SchemaView } from "./SchemaView";
import styles from "./Tools.module.css";

/** One tool in a line; opened, everything that the agent is told about it. */
export function ToolEntry({ tool, projectId = null }: { tool: ToolInfo; projectId?: string | null }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <li className={styles.tool}>
      <button type="button" className={styles.head} aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        <span className={styles.name}>
          <code>{tool.short_name}</code>
          {annotationWords(tool.annotations).map((said) => (
            <SaidBadge key={said.text} said={said} />
          ))}
        </span>
        {!open && <span className={styles.summary}>{firstSentence(tool.description)}</span>}
        <span className={styles.chevron}>
          <Icon name="chevronRight" size={15} />
        </span>
      </button>
      {projectId !== null && (
        <p className={styles.choice}>
          <ToolChoice projectId={projectId} name={tool.name} label={tool.short_name} />
        </p>
      )}
      <div id={id} hidden={!open}>
        {open && (
          <div className={styles.body}>
            <p className={styles.description}>{tool.description}</p>
            <SchemaView title="Takes" schema={tool.input_schema} nothing="No arguments." />
            {tool.output_schema != null && <SchemaView title="Answers with" schema={tool.output_schema} nothing="One value." />}
          </div>
        )}
      </div>
    </li>
  );
}

function firstSentence(description: string): string {
  return /^[\s\S]*?[.!?](?=\s|$)/.exec(description)?.[0] ?? description;
}
