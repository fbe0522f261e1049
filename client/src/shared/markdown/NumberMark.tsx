import { type ReactNode, use } from "react";
import styles from "./Markdown.module.css";
import { NumberFinds } from "./numbers";
import { ResultLinks } from "./resultLinks";

const WHY = "This number is in no result of this turn as it is written: it may be computed, remembered or wrong";

/** A number of an answer: leads to where it comes from, or says quietly that it comes from no result. */
export function NumberMark({ value, children }: { value: string; children: ReactNode }) {
  const finds = use(NumberFinds);
  const drawResultLink = use(ResultLinks);
  const find = finds?.get(value);
  if (find === undefined) return children;
  if (find === null) {
    return (
      <span className={styles.unsupported} tabIndex={0} role="note" title={WHY} aria-label={`${value}. ${WHY}`} data-why={WHY}>
        {children}
      </span>
    );
  }
  if (!("result" in find) || drawResultLink === null) return children;
  return <span className={styles.supported}>{drawResultLink({ id: find.result, row: find.row, column: String(find.column) }, children)}</span>;
}
