import { type Ref, useEffect, useId, useRef, useState } from "react";
import { messageOf, Problem } from "@/api/problem";
import { inPlainSight } from "@/shared/lib/plainSight";
import { plural } from "@/shared/lib/format";
import { Badge, type Tone } from "@/shared/ui/Badge";
import { Button } from "@/shared/ui/Button";
import form from "@/shared/ui/Form.module.css";
import { Notice } from "@/shared/ui/Notice";
import { useAnswerApproval } from "../hooks/useAnswerApproval";
import { useSeenToEnd } from "../hooks/useSeenToEnd";
import { type Asked, type WaitingCall, callName, operationName, whatRuns } from "../model/approval";
import { shortName, titleOf } from "../model/describeTool";
import type { Decision, Effect, Operation, ToolItem, TurnView } from "../model/view";
import styles from "./ApprovalPanel.module.css";
import { PlainBlock, PlainSight } from "./PlainSight";

/** Longer texts show their beginning, and have to be opened before anybody can say yes. */
const FOLDED_ROWS = 40;
/** A press that was meant for what stood here before must not answer. */
const ARM_AFTER_MS = 500;
/** As many as the host takes. */
const MAX_WORDS = 4_000;

const effects: Record<Effect, { word: string; tone: Tone; question: string }> = {
  reads: { word: "Reads", tone: "neutral", question: "Run this?" },
  writes: { word: "Changes", tone: "warn", question: "This changes something. Run it?" },
  shares: { word: "Shares", tone: "brick", question: "This gives others access. Run it?" },
  destroys: { word: "Destroys", tone: "bad", question: "This may destroy something. Run it?" },
};

interface ApprovalPanelProps {
  call: WaitingCall;
  /** How many calls wait behind this one. */
  others: number;
  onAnswer: () => void;
  /** Where the focus goes when this question follows another: words, and no button. */
  ref: Ref<HTMLHeadingElement>;
}

/** Asks before a call runs, and shows the whole of it; yes can be said once all of that was in view. */
export function ApprovalPanel({ call, others, onAnswer, ref }: ApprovalPanelProps) {
  const { tool, turn, askedBy } = call;
  const answer = useAnswerApproval(tool.id);
  const armed = useArmed();
  const [opened, setOpened] = useState<readonly string[]>([]);
  const asked = whatRuns(tool);
  const { reason = "", standing = null, preview = null } = tool.approval ?? {};
  const texts = [...textsOf(asked), ...(preview === null ? [] : [preview.text])];
  const folded = texts.filter((text) => rowsOf(text) > FOLDED_ROWS && !opened.includes(text));
  const box = useRef<HTMLDivElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const seen = useSeenToEnd(box, end, folded.length === 0);
  const titleId = useId();
  const [words, setWords] = useState("");
  const title = titleOf(tool);

  const decide = (decision: Decision) => (): void => {
    onAnswer();
    answer.mutate({ decision, words });
  };
  const open = (text: string) => (): void => setOpened([...opened, text]);
  const busy = !armed || answer.isPending || answer.isSuccess;
  return (
    <div className={styles.panel} role="group" aria-label="Approval needed" data-effect={asked.effect}>
      {/* Scrolls as a whole when the window is too small for it, so it must be reachable by keyboard. */}
      <div ref={box} className={styles.body} tabIndex={0} role="group" aria-labelledby={titleId}>
        <h2 ref={ref} id={titleId} tabIndex={-1} className={styles.question}>
          {title}. {effects[asked.effect].question}
        </h2>
        {askedBy !== null && (
          <p className={styles.reason}>
            A subagent asks: <PlainSight text={askedBy.detail} />
          </p>
        )}
        <p className={styles.reason}>
          <code>{shortName(tool.name)}</code> {reason}
        </p>
        <ol className={styles.operations} aria-label="What it would do">
          {asked.operations.map((operation, index) => (
            <OperationRow key={index} operation={operation} folded={folded} onOpen={open} />
          ))}
        </ol>
        {preview !== null && <Preview {...preview} folded={folded.includes(preview.text)} onOpen={open(preview.text)} />}
        {asked.fields.map(({ name, text }) => (
          <div key={name} className={styles.field}>
            <span className={styles.name}>
              <PlainSight text={name} />
            </span>
            <WholeText text={text} label={name} folded={folded.includes(text)} onOpen={open(text)} />
          </div>
        ))}
        <LaterCalls tool={tool} others={others} turn={turn} />
        <div ref={end} className={styles.end} />
      </div>
      {answer.isError && <Notice tone="bad">{whyNot(answer.error)}</Notice>}
      <input
        className={form.input}
        aria-label="What you want to say with your answer"
        placeholder="Say something with your answer, if you like"
        value={words}
        maxLength={MAX_WORDS}
        autoComplete="off"
        disabled={answer.isPending || answer.isSuccess}
        onChange={(event) => setWords(event.target.value)}
      />
      <div className={styles.decisions}>
        <Button variant={asked.effect === "reads" || asked.effect === "writes" ? "primary" : "danger"} disabled={busy || !seen} onClick={decide("once")}>
          Run once
        </Button>
        {standing !== null && (
          <Button className={styles.standing} disabled={busy || !seen} onClick={decide("conversation")}>
            <span>
              Allow <PlainSight text={operationName(standing)} /> for this conversation
            </span>
          </Button>
        )}
        <span className={styles.gap}>
          {!seen && (
            <Button
              variant="quiet"
              size="s"
              icon="arrowDown"
              onClick={() =>
                folded.length > 0
                  ? setOpened([...opened, ...folded])
                  : box.current?.scrollBy({ top: box.current.clientHeight - SCROLL_OVERLAP_PX, behavior: "instant" })
              }
            >
              {folded.length > 0 ? "Show all of it to run it" : "Read on to run it"}
            </Button>
          )}
        </span>
        <Button className={styles.stop} disabled={busy} onClick={decide("stop")}>
          No, and stop
        </Button>
        <Button data-safe className={styles.no} disabled={busy} onClick={decide("no")}>
          No
        </Button>
      </div>
    </div>
  );
}

export const SCROLL_OVERLAP_PX = 40;

/** Another answer that came first, from another tab say, is not to be tried again. */
export function whyNot(error: Error): string {
  const late = error instanceof Problem && error.code === "already-answered";
  return late ? messageOf(error) : `Your answer did not arrive: ${messageOf(error)} Try again.`;
}

interface RowProps {
  operation: Operation;
  folded: readonly string[];
  onOpen: (text: string) => () => void;
}

function OperationRow({ operation, folded, onOpen }: RowProps) {
  const { effect, text, detail } = operation;
  const name = operationName(operation);
  return (
    <li>
      <p className={styles.operation}>
        <Badge tone={effects[effect].tone}>{effects[effect].word}</Badge>
        <span className={styles.what}>{name === "" ? "Nobody can say beforehand what this call does." : <PlainSight text={name} />}</span>
        {detail !== null && (
          <span className={styles.detail}>
            <PlainSight text={detail} />
          </span>
        )}
      </p>
      {text !== null && <WholeText text={text} label={name === "" ? "Statement" : name} folded={folded.includes(text)} onOpen={onOpen(text)} />}
    </li>
  );
}

function WholeText({ text, label, folded, onOpen }: { text: string; label: string; folded: boolean; onOpen: () => void }) {
  return (
    <div className={styles.text}>
      <PlainBlock text={text} label={label} rows={folded ? FOLDED_ROWS : null} />
      {folded && (
        <Button size="s" icon="chevronDown" onClick={onOpen}>
          Show all {plural(inPlainSight(text).length, "line")}
        </Button>
      )}
    </div>
  );
}

/** What is there now, as the tool found it before it asked. */
function Preview({ known, text, folded, onOpen }: { known: boolean; text: string; folded: boolean; onOpen: () => void }) {
  return (
    <section className={styles.field} aria-label="What it would meet now">
      <p className={styles.reason}>{known ? "What it would meet now, as the tool found it:" : "What it would meet could not be found out:"}</p>
      <WholeText text={text} label="Found" folded={folded} onOpen={onOpen} />
    </section>
  );
}

/** What else hangs on the answer. */
function LaterCalls({ tool, others, turn }: { tool: ToolItem; others: number; turn: TurnView }) {
  const laterChanges = tool.approval?.laterChanges ?? [];
  const named = laterChanges.map((id) => {
    const call = turn.items.find((item): item is ToolItem => item.kind === "tool" && item.id === id);
    return { id, name: call === undefined ? "a call" : callName(call) };
  });
  return (
    <>
      {named.length > 0 && (
        <div className={styles.later}>
          <p>If you say no, {named.length === 1 ? "a later call" : `${named.length} later calls`} of the same message will not run either:</p>
          <ul>
            {named.map(({ id, name }) => (
              <li key={id}>
                <PlainSight text={name} />
              </li>
            ))}
          </ul>
        </div>
      )}
      {others > 0 && <p className={styles.later}>{plural(others, "more call")} will ask after this one.</p>}
    </>
  );
}

function textsOf({ operations, fields }: Asked): string[] {
  return [...operations.flatMap(({ text }) => (text === null ? [] : [text])), ...fields.map(({ text }) => text)];
}

function rowsOf(text: string): number {
  return inPlainSight(text).reduce((sum, line) => sum + line.rows, 0);
}

/** Whether the question has been there for long enough to be meant. */
export function useArmed(): boolean {
  const [armed, setArmed] = useState(false);
  // Time passes outside.
  useEffect(() => {
    const timer = setTimeout(() => setArmed(true), ARM_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return armed;
}
