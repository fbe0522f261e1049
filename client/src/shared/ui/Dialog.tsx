import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { cx } from "@/shared/lib/cx";
import styles from "./Dialog.module.css";
import { IconButton } from "./IconButton";

const sizes = { small: undefined, medium: styles.medium, full: styles.full } as const;

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  size?: keyof typeof sizes;
}

/** The browser's own modal dialog: it keeps the focus inside, closes on Escape and gives the focus back. */
export function Dialog({ title, onClose, children, size = "small" }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Opens the native dialog with the component's life; `showModal` has no declarative form. A layout effect, because it
  // is undone while the dialog is still in the page: only then does the browser give the focus back.
  useLayoutEffect(() => {
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
      className={cx(styles.dialog, sizes[size])}
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
