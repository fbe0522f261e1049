import { memo } from "react";
import { Markdown } from "@/shared/markdown/Markdown";
import { ExecutionContext } from "../chatContext";
import { type Group, groupItems } from "../model/group";
import type { TurnView } from "../model/view";
import { Activity } from "./Activity";
import { Course } from "./Course";
import { Thinking } from "./Thinking";
import styles from "./Turn.module.css";
import { TurnEnd } from "./TurnEnd";
import { UserMessage } from "./UserMessage";

/** A user's message and all that followed it. */
export const Turn = memo(function Turn({ turn, stopping }: { turn: TurnView; stopping: boolean }) {
  return (
    <article className={styles.turn} aria-label={`You asked: ${turn.message.slice(0, 80)}`}>
      {/* The beginning of a very large turn comes with an earlier page. */}
      {turn.message !== "" && <UserMessage text={turn.message} at={turn.at} />}
      <ExecutionContext value={turn.executionId}>
        <div className={styles.answer}>
          {groupItems(turn.items).map((group) => (
            <ItemGroup key={group.key} group={group} running={turn.status === "running"} />
          ))}
          {turn.status === "running" ? <Activity turn={turn} stopping={stopping} /> : <TurnEnd turn={turn} />}
        </div>
      </ExecutionContext>
    </article>
  );
});

function ItemGroup({ group, running }: { group: Group; running: boolean }) {
  switch (group.kind) {
    case "thinking":
      return <Thinking item={group.item} />;
    case "text":
      return <Markdown text={group.item.text} streaming={running && !group.item.final} />;
    case "tools":
      return <Course tools={group.items} />;
    default:
      return group satisfies never;
  }
}
