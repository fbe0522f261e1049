import { memo, useId, useState } from "react";
import { cx } from "@/shared/lib/cx";
import { formatDuration } from "@/shared/lib/format";
import { Icon } from "@/shared/ui/Icon";
import { describeOutcome, describeTool, shortName } from "../model/describeTool";
import { hasRows } from "../model/output";
import type { ToolItem } from "../model/view";
import { ToolArguments } from "./ToolArguments";
import styles from "./ToolCard.module.css";
import { ToolError } from "./ToolError";
import { ToolOutput } from "./ToolOutput";
import { ToolProgress } from "./ToolProgress";
import { ToolStatusMark } from "./ToolStatusMark";

/** One tool call: a line in plain words; opened, its arguments and result. Rows are worth seeing without opening. */
export const ToolCard = memo(function ToolCard({ tool }: { tool: ToolItem }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const { title, detail } = describeTool(tool.name, tool.input);
  const outcome = describeOutcome(tool);
  const { result } = tool;
  const showsRows = hasRows(result);
  return (
    <article
      className={cx(styles.card, result?.isError === true && styles.failed, tool.status === "waiting" && styles.asking)}
      aria-label={`${title}: ${tool.status}`}
    >
      <button type="button" className={styles.head} aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        <ToolStatusMark status={tool.status} declined={tool.approval?.decision === "no"} />
        <span className={styles.title}>{title}</span>
        <span className={styles.detail}>{detail}</span>
        <span className={styles.meta}>
          {outcome !== "" && <span className={styles.outcome}>{outcome}</span>}
          {result?.durationMs != null && <span>{formatDuration(result.durationMs)}</span>}
        </span>
        <span className={styles.chevron}>
          <Icon name="chevronRight" size={15} />
        </span>
      </button>
      {(tool.status === "running" || tool.status === "planned" || tool.status === "answered") && <ToolProgress tool={tool} />}
      {result?.isError === true && tool.approval?.decision !== "no" && <ToolError tool={tool.name} result={result} />}
      <div id={id} hidden={!open && !showsRows}>
        {(open || showsRows) && (
          <div className={styles.body}>
            {open && (
              <>
                <p className={styles.toolName}>
                  <code>{shortName(tool.name)}</code>
                </p>
                <ToolArguments input={tool.input} />
              </>
            )}
            {result !== null && !result.isError && <ToolOutput result={result} />}
          </div>
        )}
      </div>
    </article>
  );
});
