import { type ReactNode, useRef } from "react";
import { Icon } from "@/shared/ui/Icon";
import { useStickToBottom } from "../hooks/useStickToBottom";
import type { SessionState } from "../model/session";
import { EarlierTurns } from "./EarlierTurns";
import { LazyTurn } from "./LazyTurn";
import styles from "./Thread.module.css";

/** The turns of a conversation in a box that follows its end. */
export function Thread({ state, children }: { state: SessionState; children?: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { atEnd, toEnd } = useStickToBottom(box, content);
  const { turns } = state.view;
  return (
    <div className={styles.frame}>
      {/* Scrolls by itself, so it must be reachable by keyboard. */}
      <div ref={box} className={styles.scroll} tabIndex={0} role="log" aria-label="Conversation" aria-live="off">
        <div ref={content} className={styles.column}>
          <EarlierTurns state={state} box={box} />
          {turns.map((turn, index) => (
            <LazyTurn
              key={turn.executionId}
              turn={turn}
              box={box}
              stopping={state.stopping === turn.executionId}
              always={index >= turns.length - ALWAYS_DRAWN}
            />
          ))}
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
