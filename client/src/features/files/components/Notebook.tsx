import { Markdown } from "@/shared/markdown/Markdown";
import { MarkdownNotice } from "@/shared/markdown/MarkdownNotice";
import { Code } from "@/shared/ui/Code";
import { Notice } from "@/shared/ui/Notice";
import type { NotebookCell } from "../model/notebook";
import styles from "./FilePanel.module.css";

/** Cells that are drawn; a notebook of more is long enough to be opened elsewhere. */
const MAX_CELLS = 300;

export function Notebook({ cells }: { cells: readonly NotebookCell[] }) {
  return (
    <ol className={styles.cells} aria-label="Cells">
      <MarkdownNotice />
      {cells.slice(0, MAX_CELLS).map((cell, index) => (
        <li key={index} className={styles.cell}>
          {cell.kind === "markdown" ? (
            <Markdown text={cell.text} />
          ) : (
            <Code code={cell.text} language={cell.language} label={`[${index + 1}] ${cell.language}`} />
          )}
          {cell.outputs.map((output, at) => {
            if (output.kind === "picture") return <img key={at} src={output.source} alt={`Output of cell ${index + 1}`} />;
            return <Code key={at} code={output.text} language="" label={output.kind === "error" ? "error" : "output"} bounded />;
          })}
        </li>
      ))}
      {cells.length > MAX_CELLS && <Notice tone="info">{`The first ${MAX_CELLS} of ${cells.length} cells are shown.`}</Notice>}
    </ol>
  );
}
