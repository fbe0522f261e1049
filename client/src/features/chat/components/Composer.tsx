import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { cx } from "@/shared/lib/cx";
import { Icon } from "@/shared/ui/Icon";
import styles from "./Composer.module.css";

interface ComposerProps {
  value: string;
  onChange: (text: string) => void;
  /** While a turn runs, the message waits for its end. */
  onSend: (text: string) => void;
  onStop: () => void;
  /** A turn is running: the button stops it. */
  running: boolean;
  stopping: boolean;
  sending: boolean;
  /** Earlier messages, oldest first, for the up arrow. */
  history: readonly string[];
  placeholder: string;
  /** Choices shown in the bar below the text. */
  children?: ReactNode;
}

const ESCAPE_AGAIN_MS = 1_500;
const MAX_HEIGHT_PX = 260;

export function Composer(props: ComposerProps) {
  const { value, onChange, onSend, onStop, running, stopping, sending, history, placeholder, children } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  const [historyAt, setHistoryAt] = useState<number | null>(null);
  const [escapeHint, setEscapeHint] = useState(false);
  const canSend = value.trim() !== "" && !sending;

  // Grows the field with its text; `field-sizing` is not everywhere yet.
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    // An empty field has one line, whatever its placeholder would need.
    element.style.height = value === "" ? "" : "auto";
    if (value === "") return;
    element.style.height = `${Math.min(element.scrollHeight, MAX_HEIGHT_PX)}px`;
  }, [value]);

  const submit = (): void => {
    if (!canSend) return;
    setHistoryAt(null);
    onSend(value.trim());
  };

  const recallHistory = (step: -1 | 1): boolean => {
    const at = (historyAt ?? history.length) + step;
    if (at < 0 || at > history.length) return false;
    setHistoryAt(at === history.length ? null : at);
    onChange(history[at] ?? "");
    return true;
  };

  const onEscape = (): void => {
    if (!running) return;
    if (escapeHint) {
      setEscapeHint(false);
      onStop();
      return;
    }
    setEscapeHint(true);
    setTimeout(() => setEscapeHint(false), ESCAPE_AGAIN_MS);
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    // While an input method composes, Enter and arrows belong to it.
    if (event.nativeEvent.isComposing) return;
    const browsing = historyAt !== null || value === "";
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "ArrowUp" && browsing) {
      if (recallHistory(-1)) event.preventDefault();
    } else if (event.key === "ArrowDown" && historyAt !== null) {
      if (recallHistory(1)) event.preventDefault();
    } else if (event.key === "Escape") onEscape();
  };

  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className={styles.row}>
        <textarea
          ref={field}
          data-composer
          className={styles.field}
          rows={1}
          value={value}
          placeholder={placeholder}
          aria-label="Message"
          readOnly={sending}
          autoFocus={matchMedia("(hover: hover)").matches}
          onChange={(event) => {
            setHistoryAt(null);
            onChange(event.target.value);
          }}
          onKeyDown={onKeyDown}
        />
        {running ? (
          <button
            type="button"
            className={cx(styles.action, styles.stop)}
            onClick={onStop}
            disabled={stopping}
            aria-label={stopping ? "Stopping" : "Stop"}
            title="Stop (Esc twice)"
          >
            <Icon name="stop" />
          </button>
        ) : (
          <button type="submit" className={styles.action} disabled={!canSend} aria-label="Send" title="Send (Enter)">
            <Icon name="send" />
          </button>
        )}
      </div>
      <div className={styles.bar}>
        {children}
        <span className={styles.hint} role="status">
          {hintText({ escapeHint, running, stopping, sending, hasText: value.trim() !== "" })}
        </span>
      </div>
    </form>
  );
}

function hintText({ escapeHint, running, stopping, sending, hasText }: Record<"escapeHint" | "running" | "stopping" | "sending" | "hasText", boolean>): string {
  if (stopping) return "Stopping…";
  if (escapeHint) return "Press Esc again to stop";
  if (sending) return "Sending…";
  if (running && hasText) return "Enter sends it after this turn";
  return "";
}
