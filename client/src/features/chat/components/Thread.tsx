import { Fragment, type ReactNode, useMemo, useRef } from "react";
import { Icon } from "@/shared/ui/Icon";
import { useStickToBottom } from "../hooks/useStickToBottom";
import { summariesBefore } from "../model/compaction";
import type { SessionState } from "../model/session";
import { EarlierTurns } from "./EarlierTurns";
import { LazyTurn } from "./LazyTurn";
import { Summarised } from "./Summarised";
import styles from "./Thread.module.css";

/** The turns of a conversation in a box that follows its end. */
export function Thread({ state, children }: { state: SessionState; children?: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { atEnd, toEnd } = useStickToBottom(box, content);
  const { turns } = state.view;
  const summaries = useMemo(() => summariesBefore(turns), [turns]);
  return (
    <div className={styles.frame}>
      {/* Scrolls by itself, so it must be reachable by keyboard. */}
      <div ref={box} className={styles.scroll} tabIndex={0} role="log" aria-label="Conversation" aria-live="off">
        <div ref={content} className={styles.column}>
          <EarlierTurns state={state} box={box} />
          {turns.map((turn, index) => {
            const summary = summaries.get(turn.executionId);
            return (
              <Fragment key={turn.executionId}>
                {summary !== undefined && <Summarised summary={summary} />}
                <LazyTurn
                  turn={turn}
                  versions={state.versions.get(turn.executionId)}
                  box={box}
                  stopping={state.stopping === turn.executionId}
                  always={index >= turns.length - ALWAYS_DRAWN}
                />
              </Fragment>
            );
          })}
          {children}
        </div>
      </div>
      {!atEnd && (
        <button type="button" className={styles.jump} aria-label="Latest" title="Latest" onClick={() => toEnd(true)}>
          <Icon name="arrowDown" size={18} />
        </button>
      )}
    </div>
  );
}

/** The newest turns: what one reads, and where the view stands when a conversation is opened. */
const ALWAYS_DRAWN = 2;
