import { Button } from "@/shared/ui/Button";
import { describeTool } from "../model/describeTool";
import type { ConversationView, ToolItem } from "../model/view";
import styles from "./ConnectionNotice.module.css";

/** Says above the composer that the turn waits, for when the question itself is out of sight. */
export function ApprovalReminder({ view }: { view: ConversationView }) {
  const turn = view.turns.at(-1);
  if (turn?.status !== "running") return null;
  const waiting = turn.items.filter((item): item is ToolItem => item.kind === "tool" && item.status === "waiting");
  const [first] = waiting;
  if (first === undefined) return null;
  const { title } = describeTool(first.name, first.input);
  return (
    <div className={styles.notice} role="status">
      <span>
        <strong>{title}</strong> waits for your answer{waiting.length > 1 ? `, and ${waiting.length - 1} more` : ""}.
      </span>
      <Button size="s" onClick={() => document.querySelector<HTMLElement>('[aria-label="Approval needed"] button:not(:disabled)[data-safe]')?.focus()}>
        Review
      </Button>
    </div>
  );
}
