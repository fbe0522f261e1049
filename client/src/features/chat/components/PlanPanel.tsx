import { type Ref, useId, useRef, useState } from "react";
import { modes } from "@/shared/lib/modes";
import { Markdown } from "@/shared/markdown/Markdown";
import { MarkdownNotice } from "@/shared/markdown/MarkdownNotice";
import { Button } from "@/shared/ui/Button";
import form from "@/shared/ui/Form.module.css";
import { Notice } from "@/shared/ui/Notice";
import { type GivenAnswer, useAnswerApproval } from "../hooks/useAnswerApproval";
import { useSeenToEnd } from "../hooks/useSeenToEnd";
import type { Proposal, ToolItem } from "../model/view";
import { SCROLL_OVERLAP_PX, useArmed, whyNot } from "./ApprovalPanel";
import panel from "./ApprovalPanel.module.css";
import styles from "./QuestionPanel.module.css";

/** As many as the host takes. */
const MAX_WORDS = 4_000;

const none: Proposal = { plan: null, modes: [] };

interface PlanPanelProps {
  tool: ToolItem;
  onAnswer: () => void;
  /** Where the focus goes when this question follows another: words, and no button. */
  ref: Ref<HTMLHeadingElement>;
}

/** What the agent plans to do, to be taken once all of it was in view; or that it wants to plan. The most careful mode is chosen beforehand. */
export function PlanPanel({ tool, onAnswer, ref }: PlanPanelProps) {
  const answer = useAnswerApproval(tool.id);
  const armed = useArmed();
  const titleId = useId();
  const name = useId();
  const box = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const seen = useSeenToEnd(box, end, true);
  const { plan, modes: offered } = tool.approval?.proposal ?? none;
  const [mode, setMode] = useState(offered[0]);
  const [words, setWords] = useState("");
  const done = answer.isPending || answer.isSuccess;
  const busy = !armed || done;

  const decide = (given: GivenAnswer) => (): void => {
    onAnswer();
    answer.mutate({ ...given, words });
  };
  return (
    <div className={panel.panel} role="group" aria-label={plan === null ? "Plan first" : "Plan"} data-effect="reads">
      <div ref={box} className={panel.body} tabIndex={0} role="group" aria-labelledby={titleId}>
        <h2 ref={ref} id={titleId} tabIndex={-1} className={panel.question}>
          {plan === null ? "The agent would like to plan first" : "The agent puts its plan to you"}
        </h2>
        {plan === null ? (
          <p className={panel.reason}>Until you take its plan, nothing that changes something runs.</p>
        ) : (
          <div className={styles.plan}>
            <MarkdownNotice />
            <Markdown text={plan} />
          </div>
        )}
        {plan !== null && (
          <fieldset className={styles.question} disabled={done}>
            <legend className={styles.legend}>While it is carried out</legend>
            <div className={styles.options}>
              {modes
                .filter((known) => offered.includes(known.mode))
                .map((known) => (
                  <label key={known.mode} className={styles.option}>
                    <input type="radio" name={name} checked={mode === known.mode} onChange={() => setMode(known.mode)} />
                    <span className={styles.description}>
                      <span className={styles.label}>{known.label}</span>
                      {known.says}
                    </span>
                  </label>
                ))}
            </div>
          </fieldset>
        )}
        <div ref={end} className={panel.end} />
      </div>
      {answer.isError && <Notice tone="bad">{whyNot(answer.error)}</Notice>}
      <input
        className={form.input}
        aria-label="What you want to say with your answer"
        placeholder={plan === null ? "Say something with your answer, if you like" : "What should be different?"}
        value={words}
        maxLength={MAX_WORDS}
        autoComplete="off"
        disabled={done}
        onChange={(event) => setWords(event.target.value)}
      />
      <div className={panel.decisions}>
        <Button
          variant="primary"
          disabled={busy || !seen || mode === undefined}
          onClick={decide(mode === undefined ? { decision: "no" } : { decision: "once", mode })}
        >
          {plan === null ? "Plan first" : "Take the plan"}
        </Button>
        <span className={panel.gap}>
          {!seen && (
            <Button
              variant="quiet"
              size="s"
              icon="arrowDown"
              onClick={() => box.current?.scrollBy({ top: box.current.clientHeight - SCROLL_OVERLAP_PX, behavior: "instant" })}
            >
              Read on to take it
            </Button>
          )}
        </span>
        <Button className={panel.stop} disabled={busy} onClick={decide({ decision: "stop" })}>
          Stop
        </Button>
        <Button data-safe className={panel.no} disabled={busy} onClick={decide({ decision: "no" })}>
          {plan === null ? "Go on without" : "Keep planning"}
        </Button>
      </div>
    </div>
  );
}
