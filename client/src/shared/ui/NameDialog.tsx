import { useId } from "react";
import { type DialogPlace, useDialogText } from "../lib/dialogText";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import styles from "./Form.module.css";
import { Notice } from "./Notice";

interface NameDialogProps {
  /** Where its text is kept while it stands open. */
  place: DialogPlace;
  title: string;
  label: string;
  initial: string;
  placeholder?: string;
  action: string;
  pending: boolean;
  error: string | null;
  onSubmit: (name: string) => void;
  onClose: () => void;
}

const MAX_NAME_LENGTH = 200;

/** Asks for one name: to create something or to rename it. */
export function NameDialog(props: NameDialogProps) {
  const { place, title, label, initial, placeholder, action, pending, error, onSubmit, onClose } = props;
  const [name, setName] = useDialogText(place, initial);
  const id = useId();
  const trimmed = name.trim();
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (trimmed !== "" && !pending) onSubmit(trimmed);
        }}
      >
        <label htmlFor={id} className={styles.label}>
          {label}
        </label>
        <input
          id={id}
          className={styles.input}
          value={name}
          placeholder={placeholder}
          maxLength={MAX_NAME_LENGTH}
          autoComplete="off"
          data-autofocus
          onFocus={(event) => event.target.select()}
          onChange={(event) => setName(event.target.value)}
        />
        {error !== null && <Notice tone="bad">{error}</Notice>}
        <div className={styles.actions}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" disabled={trimmed === "" || pending}>
            {pending ? "Saving…" : action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
