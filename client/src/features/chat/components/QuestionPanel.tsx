import { type Ref, useId, useState } from "react";
import { Button } from "@/shared/ui/Button";
import form from "@/shared/ui/Form.module.css";
import { Notice } from "@/shared/ui/Notice";
import { type QuestionAnswer, useAnswerApproval } from "../hooks/useAnswerApproval";
import type { Decision, Question, ToolItem } from "../model/view";
import { useArmed, whyNot } from "./ApprovalPanel";
import panel from "./ApprovalPanel.module.css";
import { PlainSight } from "./PlainSight";
import styles from "./QuestionPanel.module.css";

/** As many as the host takes. */
const MAX_WORDS = 4_000;

const open: QuestionAnswer = { chosen: [], words: "" };

interface QuestionPanelProps {
  tool: ToolItem;
  onAnswer: () => void;
  /** Where the focus goes when this question follows another: words, and no button. */
  ref: Ref<HTMLHeadingElement>;
}

/** What the agent wants to know, with choices and room for an answer in words. Nothing is chosen beforehand. */
export function QuestionPanel({ tool, onAnswer, ref }: QuestionPanelProps) {
  const answer = useAnswerApproval(tool.id);
  const armed = useArmed();
  const titleId = useId();
  const questions = tool.approval?.questions ?? [];
  const [answers, setAnswers] = useState<readonly QuestionAnswer[]>(() => questions.map(() => open));
  const done = answer.isPending || answer.isSuccess;
  const busy = !armed || done;
  const said = answers.some(({ chosen, words }) => chosen.length > 0 || words.trim() !== "");

  const decide = (decision: Decision) => (): void => {
    onAnswer();
    answer.mutate(decision === "once" ? { decision, answers } : { decision });
  };
  return (
    <div className={panel.panel} role="group" aria-label="Questions" data-effect="reads">
      <div className={panel.body} tabIndex={0} role="group" aria-labelledby={titleId}>
        <h2 ref={ref} id={titleId} tabIndex={-1} className={panel.question}>
          The agent asks you
        </h2>
        {questions.map((question, place) => (
          <QuestionField
            key={place}
            question={question}
            answer={answers[place] ?? open}
            disabled={done}
            onChange={(changed) => setAnswers(answers.map((answer, at) => (at === place ? changed : answer)))}
          />
        ))}
      </div>
      {answer.isError && <Notice tone="bad">{whyNot(answer.error)}</Notice>}
      <div className={panel.decisions}>
        <Button variant="primary" disabled={busy || !said} onClick={decide("once")}>
          Send {questions.length === 1 ? "answer" : "answers"}
        </Button>
        <span className={panel.gap} />
        <Button className={panel.stop} disabled={busy} onClick={decide("stop")}>
          Stop
        </Button>
        <Button data-safe className={panel.no} disabled={busy} onClick={decide("no")}>
          Do not answer
        </Button>
      </div>
    </div>
  );
}

interface FieldProps {
  question: Question;
  answer: QuestionAnswer;
  disabled: boolean;
  onChange: (answer: QuestionAnswer) => void;
}

function QuestionField({ question, answer, disabled, onChange }: FieldProps) {
  const name = useId();
  const { chosen, words } = answer;
  const choose = (label: string, checked: boolean): void => {
    const others = question.multi_select ? chosen.filter((other) => other !== label) : [];
    onChange({ chosen: checked ? [...others, label] : others, words });
  };
  return (
    <fieldset className={styles.question} disabled={disabled}>
      <legend className={styles.legend}>
        <span className={styles.header}>
          <PlainSight text={question.header} />
        </span>
        <PlainSight text={question.question} />
      </legend>
      <div className={styles.options}>
        {question.options.map(({ label, description }) => (
          <label key={label} className={styles.option}>
            <input
              type={question.multi_select ? "checkbox" : "radio"}
              name={name}
              checked={chosen.includes(label)}
              onChange={(event) => choose(label, event.target.checked)}
            />
            <span>
              <span className={styles.label}>
                <PlainSight text={label} />
              </span>
              {description !== "" && (
                <span className={styles.description}>
                  <PlainSight text={description} />
                </span>
              )}
            </span>
          </label>
        ))}
      </div>
      <input
        className={form.input}
        aria-label={`Your own answer: ${question.header}`}
        placeholder="Or say it in your own words"
        value={words}
        maxLength={MAX_WORDS}
        autoComplete="off"
        onChange={(event) => onChange({ chosen, words: event.target.value })}
      />
    </fieldset>
  );
}
