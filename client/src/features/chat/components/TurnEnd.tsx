import { formatCount, formatDuration, plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { CopyButton } from "@/shared/ui/CopyButton";
import { Notice } from "@/shared/ui/Notice";
import { useChat } from "../chatContext";
import type { TurnSummary, TurnView } from "../model/view";
import styles from "./Turn.module.css";

/** How a turn ended, what it took, and what can be done now. */
export function TurnEnd({ turn }: { turn: TurnView }) {
  const { send } = useChat();
  const answer = turn.items.flatMap((item) => (item.kind === "text" ? [item.text] : [])).join("\n\n");
  const retry = (
    <Button size="s" icon="refresh" onClick={() => send(turn.message)}>
      Try again
    </Button>
  );
  return (
    <>
      {turn.status === "failed" && (
        <Notice tone="bad" title="This turn failed" actions={retry}>
          {turn.error?.message ?? "No reason was given. The host's log may say more."}
        </Notice>
      )}
      {turn.status === "cancelled" && <p className={styles.stopped}>You stopped this turn. What was done is kept. {retry}</p>}
      <footer className={styles.footer}>
        {answer !== "" && <CopyButton text={answer} label="Copy answer" />}
        {turn.summary !== null && <span>{summaryText(turn.summary)}</span>}
      </footer>
    </>
  );
}

function summaryText({ steps, durationMs, inputTokens, outputTokens }: TurnSummary): string {
  const parts = [formatDuration(durationMs), plural(steps, "step")];
  if (inputTokens + outputTokens > 0) parts.push(`${formatCount(inputTokens + outputTokens)} tokens`);
  return parts.join(" · ");
}
