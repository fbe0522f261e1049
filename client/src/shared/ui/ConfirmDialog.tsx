import type { ReactNode } from "react";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import styles from "./Form.module.css";
import { Notice } from "./Notice";

interface ConfirmDialogProps {
  title: string;
  children: ReactNode;
  confirmLabel: string;
  /** Said while it is under way. */
  pendingLabel?: string;
  pending: boolean;
  error: string | null;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something is destroyed; the safe answer has the focus. */
export function ConfirmDialog({ title, children, confirmLabel, pendingLabel = "Deleting…", pending, error, onConfirm, onClose }: ConfirmDialogProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div className={styles.text}>{children}</div>
      {error !== null && <Notice tone="bad">{error}</Notice>}
      <div className={styles.actions}>
        <Button data-autofocus onClick={onClose}>
          Keep
        </Button>
        <Button variant="danger" disabled={pending} onClick={onConfirm}>
          {pending ? pendingLabel : confirmLabel}
        </Button>
      </div>
    </Dialog>
  );
}
