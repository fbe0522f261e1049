import { formatCost, formatCount, formatDuration, plural } from "@/shared/lib/format";
import { links } from "@/shared/lib/links";
import { Button } from "@/shared/ui/Button";
import { ButtonLink } from "@/shared/ui/ButtonLink";
import { CopyButton } from "@/shared/ui/CopyButton";
import { IconButton } from "@/shared/ui/IconButton";
import { Notice } from "@/shared/ui/Notice";
import { useChat } from "../chatContext";
import type { TurnSummary, TurnView } from "../model/view";
import styles from "./Turn.module.css";

/** How a turn ended, what it took, and what can be done now. */
export function TurnEnd({ turn }: { turn: TurnView }) {
  const answer = turn.items.flatMap((item) => (item.kind === "text" ? [item.text] : [])).join("\n\n");
  return (
    <>
      {turn.status === "failed" && (
        <Notice tone="bad" title="This turn failed" actions={<WayOn turn={turn} />}>
          {turn.error?.message ?? "No reason was given. The host's log may say more."}
        </Notice>
      )}
      {turn.status === "cancelled" && (
        <p className={styles.stopped}>
          You stopped this turn. What was done is kept. <TryAgain message={turn.message} />
        </p>
      )}
      <footer className={styles.footer}>
        {answer !== "" && <CopyButton text={answer} label="Copy answer" />}
        {turn.message !== "" && <AnswerAgain turn={turn} />}
        {turn.summary !== null && <span>{summaryText(turn.summary)}</span>}
      </footer>
    </>
  );
}

/** What the host says fits this end; it alone knows why the turn ended. */
function WayOn({ turn }: { turn: TurnView }) {
  const { projectId, send } = useChat();
  switch (turn.error?.remedy) {
    case "continue":
      return (
        <Button size="s" icon="arrowDown" onClick={() => send("continue")}>
          Continue
        </Button>
      );
    case "new_conversation":
      return (
        <ButtonLink size="s" icon="plus" href={links.project(projectId)}>
          New conversation
        </ButtonLink>
      );
    case "sign_in":
      return (
        <Button size="s" icon="refresh" onClick={() => location.reload()}>
          Sign in again
        </Button>
      );
    case "none":
      return null;
    default:
      return <TryAgain message={turn.message} />;
  }
}

/** Asks for another answer to the same message. */
function AnswerAgain({ turn }: { turn: TurnView }) {
  const { sendInsteadOf } = useChat();
  return <IconButton icon="refresh" size="s" label="Answer again" onClick={() => sendInsteadOf(turn.executionId, turn.message)} />;
}

function TryAgain({ message }: { message: string }) {
  const { send } = useChat();
  return (
    <Button size="s" icon="refresh" onClick={() => send(message)}>
      Try again
    </Button>
  );
}

function summaryText({ steps, durationMs, inputTokens, outputTokens, costMicroUsd }: TurnSummary): string {
  const parts = [formatDuration(durationMs), plural(steps, "step")];
  if (inputTokens + outputTokens > 0) parts.push(`${formatCount(inputTokens + outputTokens)} tokens`);
  if (costMicroUsd > 0) parts.push(formatCost(costMicroUsd));
  return parts.join(" · ");
}
