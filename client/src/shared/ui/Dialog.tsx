import { type ReactNode, useEffect, useId, useRef } from "react";
import { cx } from "@/shared/lib/cx";
import styles from "./Dialog.module.css";
import { IconButton } from "./IconButton";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}

/** The browser's own modal dialog: it keeps the focus inside, closes on Escape and gives the focus back. */
export function Dialog({ title, onClose, children, wide = false }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Opens the native dialog with the component's life; `showModal` has no declarative form.
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    // The browser would take the first button, which is the one that closes.
    dialog?.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => dialog?.close();
  }, []);
  return (
    // A press on the backdrop closes; by keyboard Escape does, which the browser reports as `cancel`.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions
    <dialog
      ref={ref}
      className={cx(styles.dialog, wide && styles.wide)}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div className={styles.body}>
        <header className={styles.header}>
          <h2 id={titleId}>{title}</h2>
          <IconButton icon="close" label="Close" size="s" onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
