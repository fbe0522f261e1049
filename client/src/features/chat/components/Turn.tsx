import { type ReactNode, memo, use, useMemo } from "react";
import { FileLinks } from "@/shared/markdown/fileLinks";
import { Icon } from "@/shared/ui/Icon";
import { ExecutionContext } from "../chatContext";
import { groupItems } from "../model/group";
import { repeatedCalls } from "../model/repeats";
import type { TurnVersion } from "../model/versions";
import type { TurnView } from "../model/view";
import { ResultSlots } from "../resultSlots";
import { Activity } from "./Activity";
import { ItemGroup } from "./Course";
import styles from "./Turn.module.css";
import { TurnEnd } from "./TurnEnd";
import { UserMessage } from "./UserMessage";

/** A user's message and all that followed it. */
export const Turn = memo(function Turn({ turn, versions, stopping }: { turn: TurnView; versions?: readonly TurnVersion[] | undefined; stopping: boolean }) {
  const repeated = useMemo(() => repeatedCalls(turn), [turn]);
  return (
    <article className={styles.turn} aria-label={`You asked: ${turn.message.slice(0, 80)}`}>
      {/* The beginning of a very large turn comes with an earlier page. */}
      {turn.message !== "" && <UserMessage executionId={turn.executionId} text={turn.message} at={turn.at} versions={versions} />}
      <ExecutionContext value={turn.executionId}>
        <div className={styles.answer}>
          {turn.notes !== null && <NotesLine {...turn.notes} />}
          <Sourced turn={turn}>
            {groupItems(turn.items).map((group) => (
              <ItemGroup key={group.key} group={group} running={turn.status === "running"} repeated={repeated} />
            ))}
          </Sourced>
          {turn.status === "running" ? <Activity turn={turn} stopping={stopping} /> : <TurnEnd turn={turn} />}
        </div>
      </ExecutionContext>
    </article>
  );
});

/** What the agent was told beside the message. */
function NotesLine({ file, gone }: { file: string; gone: boolean }) {
  const fileLinks = use(FileLinks);
  const shown =
    fileLinks === null || gone ? (
      file
    ) : (
      <a href={fileLinks.href(file)} onClick={(event) => fileLinks.open(event, file)}>
        {file}
      </a>
    );
  return (
    <p className={styles.notes}>
      <Icon name="file" size={14} /> {gone ? <>The notes in {shown} are gone</> : <>Read the project&apos;s notes, {shown}</>}
    </p>
  );
}

/** What was said, with where its numbers come from. */
function Sourced({ turn, children }: { turn: TurnView; children: ReactNode }) {
  const slots = use(ResultSlots);
  const answer = useMemo(
    () => (turn.status === "running" ? null : turn.items.flatMap((item) => (item.kind === "text" ? [item.text] : [])).join("\n\n")),
    [turn],
  );
  if (slots === null) return children;
  return (
    <slots.Numbers executionId={turn.executionId} answer={answer}>
      {children}
    </slots.Numbers>
  );
}
