import { useEffect, useRef } from "react";
import { messageOf } from "@/api/problem";
import type { ApprovalDecision } from "@/api/types";
import { Button } from "@/shared/ui/Button";
import { Notice } from "@/shared/ui/Notice";
import { useChat } from "../chatContext";
import { useAnswerApproval } from "../hooks/useAnswerApproval";
import type { ToolItem } from "../model/view";
import { ToolArguments } from "./ToolArguments";
import styles from "./ApprovalPanel.module.css";

/**
 * Asks before a call runs and shows exactly what would run. The focus moves to "No" unless the user is writing: an
 * answer must never be a key pressed for something else.
 */
export function ApprovalPanel({ tool }: { tool: ToolItem }) {
  const { isDestructive } = useChat();
  const answer = useAnswerApproval(tool.id);
  const no = useRef<HTMLButtonElement>(null);
  const destructive = isDestructive(tool.name);
  const reason = tool.approval?.reason ?? "";

  // Brings the question to whoever is not in the middle of writing.
  useEffect(() => {
    const focused = document.activeElement;
    const writing = (focused instanceof HTMLTextAreaElement || focused instanceof HTMLInputElement) && focused.value !== "";
    if (!writing) no.current?.focus();
  }, []);

  const decide = (decision: ApprovalDecision) => (): void => answer.mutate(decision);
  const busy = answer.isPending || answer.isSuccess;
  return (
    <div className={styles.approval} role="group" aria-label="Approval needed">
      <p className={styles.question}>
        <strong>{destructive ? "This may change or destroy data. Run it?" : "Run this?"}</strong>
        {reason !== "" && <span>{reason}</span>}
      </p>
      <ToolArguments input={tool.input} />
      {answer.isError && <Notice tone="bad">Your answer did not arrive: {messageOf(answer.error)} Try again.</Notice>}
      <div className={styles.decisions}>
        <Button ref={no} data-safe disabled={busy} onClick={decide("no")}>
          No
        </Button>
        <span className={styles.gap} />
        <Button variant="quiet" disabled={busy} onClick={decide("conversation")}>
          For this conversation
        </Button>
        <Button variant={destructive ? "danger" : "primary"} disabled={busy} onClick={decide("once")}>
          Run once
        </Button>
      </div>
    </div>
  );
}
