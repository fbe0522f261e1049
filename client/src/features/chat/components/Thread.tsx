import { type ReactNode, useRef } from "react";
import { Icon } from "@/shared/ui/Icon";
import { useStickToBottom } from "../hooks/useStickToBottom";
import type { SessionState } from "../model/session";
import styles from "./Thread.module.css";
import { Turn } from "./Turn";

/** The turns of a conversation in a box that follows its end. */
export function Thread({ state, children }: { state: SessionState; children?: ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { atEnd, toEnd } = useStickToBottom(box, content);
  return (
    <div className={styles.frame}>
      {/* Scrolls by itself, so it must be reachable by keyboard. */}
      <div ref={box} className={styles.scroll} tabIndex={0} role="log" aria-label="Conversation" aria-live="off">
        <div ref={content} className={styles.column}>
          {state.view.turns.map((turn) => (
            <Turn key={turn.executionId} turn={turn} stopping={state.stopping === turn.executionId} />
          ))}
          {children}
        </div>
      </div>
      {!atEnd && (
        <button type="button" className={styles.jump} onClick={() => toEnd(true)}>
          <Icon name="arrowDown" size={16} /> Latest
        </button>
      )}
    </div>
  );
}
