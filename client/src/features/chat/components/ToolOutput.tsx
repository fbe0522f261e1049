import { use } from "react";
import { Markdown } from "@/shared/markdown/Markdown";
import { ExpandableTable } from "@/shared/table/ExpandableTable";
import { Code } from "@/shared/ui/Code";
import { outputOf } from "../model/output";
import type { ToolResult } from "../model/view";
import { ResultSlots } from "../resultSlots";
import { FileDiff } from "./FileDiff";
import { ScriptSteps } from "./ScriptSteps";
import styles from "./ToolOutput.module.css";

interface ToolOutputProps {
  result: ToolResult;
  /** What the tool says that its results are. */
  kind: string | null;
  /** What was called, in a few words. */
  of: string;
}

/** What a call gave: what it left for people, and what it said where that says more. */
export function ToolOutput(props: ToolOutputProps) {
  const { result, kind, of } = props;
  const slots = use(ResultSlots);
  if (result.results.length === 0 || slots === null) return <Said {...props} />;
  const said = outputOf(result, kind);
  // The rows of a script's statements stand with them.
  const shown = new Set(said.kind === "script" ? said.steps.map(({ resultId }) => resultId) : []);
  const others = result.results.filter(({ id }) => !shown.has(id));
  return (
    <div className={styles.tables}>
      {(said.kind === "change" || said.kind === "script") && <Said {...props} />}
      {others.length > 0 && <slots.Results results={others} of={of} />}
    </div>
  );
}

/** What came with the event, in its best form: tables as tables, scripts step by step, everything else as text. */
function Said({ result, kind, of }: ToolOutputProps) {
  const output = outputOf(result, kind);
  switch (output.kind) {
    case "change":
      return <FileDiff change={output.change} />;
    case "tables":
      return (
        <div className={styles.tables}>
          {output.tables.map(({ label, data }) => (
            <figure key={label} className={styles.labelled}>
              {output.tables.length > 1 && <figcaption>{label}</figcaption>}
              <ExpandableTable data={data} label={label === "Result" ? `Result of ${of}` : label} />
            </figure>
          ))}
        </div>
      );
    case "script":
      return <ScriptSteps steps={output.steps} results={result.results} of={of} />;
    case "markdown":
      return <Markdown text={output.text} />;
    case "text":
      if (output.text === "") return <p className={styles.nothing}>No output</p>;
      return <Code code={output.text} language={output.language} label="result" bounded />;
    default:
      return output satisfies never;
  }
}
