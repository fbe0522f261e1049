import { useEffect, useRef } from "react";
import { callName, waitingCalls } from "../model/approval";
import type { ConversationView, ToolItem } from "../model/view";
import { ApprovalPanel } from "./ApprovalPanel";
import styles from "./ApprovalPanel.module.css";
import { PlanPanel } from "./PlanPanel";
import { QuestionPanel } from "./QuestionPanel";

/**
 * The one place for questions, above the composer: one at a time, in their order. It takes no focus from anybody, so no
 * key that was meant for the message can answer; it is announced instead. Who answered is led to the next question, and
 * after the last one to the composer.
 */
export function ApprovalDock({ view }: { view: ConversationView }) {
  const waiting = waitingCalls(view);
  const [next, ...others] = waiting;
  const first = next?.tool;
  const place = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const answered = useRef(false);
  const firstId = first?.id;

  // The pressed button is gone with its question, and the focus with it.
  useEffect(() => {
    if (!answered.current) return;
    answered.current = false;
    const focused = document.activeElement;
    const lost = focused === null || focused === document.body || place.current?.contains(focused) === true;
    if (!lost) return;
    if (firstId === undefined) document.querySelector<HTMLElement>("[data-composer]")?.focus();
    else heading.current?.focus();
  }, [firstId]);

  return (
    <div ref={place} className={styles.dock} data-empty={first === undefined} data-gives-way={first === undefined ? undefined : ""}>
      <p className="visually-hidden" role="status">
        {first !== undefined &&
          `${asks(first) ? "The agent asks you something" : proposes(first) ? "The agent proposes a plan" : `Approval needed. ${callName(first)}`}. From the message, Shift and Tab go to the answers.`}
      </p>
      {first !== undefined && asks(first) && (
        <QuestionPanel
          key={first.id}
          ref={heading}
          tool={first}
          onAnswer={() => {
            answered.current = true;
          }}
        />
      )}
      {first !== undefined && proposes(first) && (
        <PlanPanel
          key={first.id}
          ref={heading}
          tool={first}
          onAnswer={() => {
            answered.current = true;
          }}
        />
      )}
      {next !== undefined && !asks(next.tool) && !proposes(next.tool) && (
        <ApprovalPanel
          key={next.tool.id}
          ref={heading}
          call={next}
          others={others.length}
          onAnswer={() => {
            answered.current = true;
          }}
        />
      )}
    </div>
  );
}

/** Whether it is for the user's answers, and not for their yes. */
function asks(tool: ToolItem): boolean {
  return (tool.approval?.questions ?? []).length > 0;
}

/** Whether it is for another permission mode, with a plan or to make one. */
function proposes(tool: ToolItem): boolean {
  return tool.approval?.proposal != null;
}
