import { useLayoutEffect, useRef, useState } from "react";
import { Button } from "@/shared/ui/Button";
import { useChat } from "../chatContext";
import styles from "./Turn.module.css";

/** Says a message differently. What followed it stays, as another version. */
export function MessageEditor({ executionId, text, onClose }: { executionId: string; text: string; onClose: () => void }) {
  const { sendInsteadOf } = useChat();
  const [value, setValue] = useState(text);
  const field = useRef<HTMLTextAreaElement>(null);
  // Grows the field with its text; `field-sizing` is not everywhere yet.
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = value === "" ? "" : "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [value]);
  const canSend = value.trim() !== "";
  const send = (): void => {
    if (!canSend) return;
    sendInsteadOf(executionId, value.trim());
    onClose();
  };
  return (
    <form
      className={styles.editor}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        aria-label="Edited message"
        value={value}
        autoFocus
        onFocus={(event) => event.target.setSelectionRange(value.length, value.length)}
        onChange={(event) => setValue(event.target.value)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === "Escape") onClose();
          if (event.key !== "Enter" || event.shiftKey) return;
          event.preventDefault();
          send();
        }}
      />
      <div className={styles.editorActions}>
        <span>Files and tables that were changed stay as they are.</span>
        <Button size="s" variant="quiet" onClick={onClose}>
          Cancel
        </Button>
        <Button size="s" variant="primary" type="submit" disabled={!canSend}>
          Send
        </Button>
      </div>
    </form>
  );
}
