import { use, useId, useState } from "react";
import { formatDuration } from "@/shared/lib/format";
import { Markdown } from "@/shared/markdown/Markdown";
import { Icon } from "@/shared/ui/Icon";
import { chartOf } from "../model/output";
import { type Group, courseDurationMs, courseName, groupItems, layCourse } from "../model/group";
import { workFigures, workName } from "../model/subagent";
import type { ToolItem, TurnView } from "../model/view";
import { ResultSlots } from "../resultSlots";
import styles from "./Course.module.css";
import { Thinking } from "./Thinking";
import { ToolCard } from "./ToolCard";

/** What was said, thought or called, as it is laid out: in a turn, and in the work of its subagents. */
export function ItemGroup({ group, running, repeated }: { group: Group; running: boolean; repeated: ReadonlySet<string> }) {
  switch (group.kind) {
    case "thinking":
      return <Thinking item={group.item} />;
    case "text":
      return <Markdown text={group.item.text} streaming={running && !group.item.final} />;
    case "tools":
      return <Course tools={group.items} repeated={repeated} />;
    default:
      return group satisfies never;
  }
}

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
          {open && folded.map((tool) => <Call key={tool.key} tool={tool} showRows={false} />)}
        </div>
      )}
      {shown.map((tool) => {
        const chart = chartOf(tool);
        return chart !== null && slots !== null ? (
          <slots.Chart key={tool.key} chart={chart} />
        ) : (
          <Call key={tool.key} tool={tool} showRows={tool.id === openId && !repeated.has(tool.id)} />
        );
      })}
    </div>
  );
}

function Call({ tool, showRows }: { tool: ToolItem; showRows: boolean }) {
  return (
    <ToolCard tool={tool} showRows={showRows}>
      {tool.subagent !== null && <Work work={tool.subagent} />}
    </ToolCard>
  );
}

const none: ReadonlySet<string> = new Set();

/** What a subagent does: one line; opened, what it was told and all that followed, laid out as a turn is. */
function Work({ work }: { work: TurnView }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <div className={styles.work}>
      <button type="button" className={styles.head} aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        <span className={styles.chevron}>
          <Icon name="chevronRight" size={15} />
        </span>
        <span className={styles.name}>{workName(work)}</span>
        <span className={styles.time}>{workFigures(work)}</span>
      </button>
      <div id={id} className={styles.inside} hidden={!open}>
        {open && (
          <>
            <p className={styles.told}>{work.message}</p>
            {groupItems(work.items).map((group) => (
              <ItemGroup key={group.key} group={group} running={work.status === "running"} repeated={none} />
            ))}
            {work.error !== null && <p className={styles.told}>{work.error.message}</p>}
          </>
        )}
      </div>
    </div>
  );
}
