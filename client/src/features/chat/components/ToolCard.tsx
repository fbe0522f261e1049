import { type ReactNode, memo, useId, useState } from "react";
import { cx } from "@/shared/lib/cx";
import { asRecord } from "@/shared/lib/record";
import { formatDuration } from "@/shared/lib/format";
import { Name } from "@/shared/ui/Name";
import { plainName } from "@/shared/lib/plainSight";
import { Icon } from "@/shared/ui/Icon";
import { describeOutcome, shortName, titleOf } from "../model/describeTool";
import { outcomeOf, outcomeWords } from "../model/outcome";
import { hasRows } from "../model/output";
import { fileChangeOf } from "../model/patch";
import type { ToolItem, ToolResult } from "../model/view";
import { LargeOutput } from "./LargeOutput";
import { MadeHere } from "./MadeHere";
import { StepGraph } from "./StepGraph";
import { ToolArguments } from "./ToolArguments";
import styles from "./ToolCard.module.css";
import { ToolError } from "./ToolError";
import { ToolOutput } from "./ToolOutput";
import { ToolProgress } from "./ToolProgress";
import { ToolStatusMark } from "./ToolStatusMark";

interface ToolCardProps {
  tool: ToolItem;
  /** Rows are shown without being opened. */
  showRows?: boolean;
  /** What its subagent does. */
  children?: ReactNode;
}

/** One tool call: a line in plain words; opened, its arguments and result. */
export const ToolCard = memo(function ToolCard({ tool, showRows = true, children }: ToolCardProps) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const { detail } = tool;
  const title = titleOf(tool);
  const outcome = outcomeOf(tool);
  const word = describeOutcome(tool);
  const { result } = tool;
  const showsRows = showRows && hasRows(result);
  // What the lines of a change show already.
  const change = fileChangeOf(result?.structured);
  const running = outcome === "running" || outcome === "planned";
  return (
    <article
      className={cx(styles.card, outcome === "failed" && styles.failed, outcome === "partly" && styles.partly, outcome === "waiting" && styles.asking)}
      aria-label={`${plainName(title)}: ${outcomeWords[outcome]}`}
    >
      <button type="button" className={styles.head} aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        <ToolStatusMark outcome={outcome} />
        <span className={styles.title}>
          <Name text={title} />
        </span>
        <span className={styles.detail}>
          <Name text={detail} />
        </span>
        <span className={styles.meta}>
          {word !== "" && <span className={styles.outcome}>{word}</span>}
          {result?.durationMs != null && outcome !== "declined" && <span>{formatDuration(result.durationMs)}</span>}
        </span>
        <span className={styles.chevron}>
          <Icon name="chevronRight" size={15} />
        </span>
      </button>
      {running && <ToolProgress tool={tool} />}
      {children}
      {result?.isError === true && outcome === "failed" && <ToolError tool={tool.name} result={result} />}
      {result !== null && <MadeHere result={result} />}
      <div id={id} hidden={!open && !showsRows}>
        {(open || showsRows) && (
          <div className={styles.body}>
            {open && (
              <>
                <p className={styles.toolName}>
                  <code>{shortName(tool.name)}</code>
                </p>
                {tool.why !== null && <p className={styles.toolName}>{tool.why}</p>}
                <ToolArguments input={tool.input} except={change === null ? toldByResult(tool) : CHANGED_TEXTS} />
                {!running && tool.progress !== null && tool.progress.steps.length > 0 && <StepGraph steps={tool.progress.steps} />}
              </>
            )}
            {result !== null && !result.isError && <Output callId={tool.id} result={result} kind={tool.resultKind} of={detail === "" ? title : detail} />}
            {result?.isError === true && outcome === "refused" && <p className={styles.why}>{result.content}</p>}
          </div>
        )}
      </div>
    </article>
  );
});

function Output(props: { callId: string; result: ToolResult; kind: string | null; of: string }) {
  // What the host keeps whole needs no typed result to be drawn.
  const isElsewhere = props.result.structured === null && props.result.structuredBytes !== null && props.result.results.length === 0;
  return isElsewhere ? <LargeOutput {...props} /> : <ToolOutput result={props.result} kind={props.kind} of={props.of} />;
}

/** Lists among the arguments that the result says again as they are. */
function toldByResult({ input, result }: ToolItem): readonly string[] {
  const structured = asRecord(result?.structured);
  return Object.entries(asRecord(input)).flatMap(([name, value]) =>
    Array.isArray(value) && JSON.stringify(value) === JSON.stringify(structured[name]) ? [name] : [],
  );
}

const CHANGED_TEXTS: readonly string[] = ["old_string", "new_string", "content", "file_path"];
