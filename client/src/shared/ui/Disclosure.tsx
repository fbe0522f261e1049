import { type ReactNode, useId, useState } from "react";
import { cx } from "@/shared/lib/cx";
import styles from "./Disclosure.module.css";
import { Icon } from "./Icon";

interface DisclosureProps {
  /** What is behind it, in the words of its button. */
  summary: ReactNode;
  /** In the middle of a line, as a mark between what is above and below. */
  lined?: boolean;
  /** Drawn while it is open. */
  children: ReactNode;
}

/** A quiet line that opens to more: closed until somebody asks. */
export function Disclosure({ summary, lined = false, children }: DisclosureProps) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <>
      <div className={cx(lined && styles.line)}>
        <button type="button" className={styles.head} aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
          <span className={styles.chevron}>
            <Icon name="chevronRight" size={14} />
          </span>
          {summary}
        </button>
      </div>
      <div id={id} hidden={!open} className={styles.body}>
        {open && children}
      </div>
    </>
  );
}
