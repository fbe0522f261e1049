import type { ResultInfo } from "@/api/types";
import { formatCount, sentence } from "@/shared/lib/format";
import { Notice } from "@/shared/ui/Notice";
import styles from "./ResultPanel.module.css";

/** That a result is not all there was, why, and how to get the rest. */
export function CutNotice({ info }: { info: Pick<ResultInfo, "state" | "cut" | "rows" | "content"> }) {
  const { state, cut, rows, content } = info;
  if (state === "complete" && cut === null) return null;
  if (state === "open") return null;
  const kept = content === "table" ? `The first ${formatCount(rows)} rows are here` : "The beginning is here";
  const isAsked = cut?.reason === "row_limit";
  return (
    <div className={styles.cut}>
      <Notice tone={isAsked ? "info" : "warn"} title={`${kept}, not all`}>
        {sentence(cut?.advice ?? "its tool ended before it was whole; ask for it again to get the rest")}
      </Notice>
    </div>
  );
}
