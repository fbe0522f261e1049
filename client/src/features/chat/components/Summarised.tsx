import { useId, useState } from "react";
import { Markdown } from "@/shared/markdown/Markdown";
import { Icon } from "@/shared/ui/Icon";
import styles from "./Summarised.module.css";

/** A quiet line: the model reads a summary in the place of all above it. Opens to what it reads. */
export function Summarised({ summary }: { summary: string }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <section className={styles.summarised} aria-label="Earlier messages were summarised">
      <div className={styles.line}>
        <button type="button" className={styles.head} aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
          Earlier messages were summarised
          <span className={styles.chevron}>
            <Icon name="chevronRight" size={14} />
          </span>
        </button>
      </div>
      <div id={id} hidden={!open} className={styles.body}>
        {open && <Markdown text={summary} streaming={false} />}
      </div>
    </section>
  );
}
