import { use, useId, useState } from "react";
import { formatDuration } from "@/shared/lib/format";
import { Icon } from "@/shared/ui/Icon";
import { chartOf } from "../model/output";
import { courseDurationMs, courseName, layCourse } from "../model/group";
import type { ToolItem } from "../model/view";
import { ResultSlots } from "../resultSlots";
import styles from "./Course.module.css";
import { ToolCard } from "./ToolCard";

/** Calls that follow each other, like a course of bricks; many of them lie behind one line. */
export function Course({ tools, repeated }: { tools: readonly ToolItem[]; repeated: ReadonlySet<string> }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const slots = use(ResultSlots);
  const { folded, shown, openId } = layCourse(tools);
  return (
    <div className={styles.course}>
      {folded.length > 0 && (
        <button type="button" className={styles.head} aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
          <span className={styles.chevron}>
            <Icon name="chevronRight" size={15} />
          </span>
          <span className={styles.name}>{courseName(folded)}</span>
          <span className={styles.time}>{formatDuration(courseDurationMs(folded))}</span>
        </button>
      )}
      {folded.length > 0 && (
        <div id={id} className={styles.folded} hidden={!open}>
          {open && folded.map((tool) => <ToolCard key={tool.key} tool={tool} showRows={false} />)}
        </div>
      )}
      {shown.map((tool) => {
        const chart = chartOf(tool);
        return chart !== null && slots !== null ? (
          <slots.Chart key={tool.key} chart={chart} />
        ) : (
          <ToolCard key={tool.key} tool={tool} showRows={tool.id === openId && !repeated.has(tool.id)} />
        );
      })}
    </div>
  );
}
