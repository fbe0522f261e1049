import { plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { plainName } from "@/shared/lib/plainSight";
import { IconButton } from "@/shared/ui/IconButton";
import { Name } from "@/shared/ui/Name";
import type { Queue } from "../hooks/useQueue";
import styles from "./QueuedMessages.module.css";

interface QueuedMessagesProps {
  queue: Queue;
  /** They go by themselves when the turn is done; else somebody has to say so. */
  running: boolean;
  onSend: (id: string) => void;
  /** Back into the message field. */
  onEdit: (id: string) => void;
}

/** What is sent after the running turn, while it can still be changed. */
export function QueuedMessages({ queue, running, onSend, onEdit }: QueuedMessagesProps) {
  const { waiting, drop } = queue;
  if (waiting.length === 0) return null;
  return (
    <section className={styles.queue} aria-label="Messages that wait">
      <p className={styles.lead}>
        {running ? `${plural(waiting.length, "message")} to be sent after this turn` : `${plural(waiting.length, "message")} not sent`}
      </p>
      <ol className={styles.list}>
        {waiting.map(({ id, text }) => (
          <li key={id}>
            <span className={styles.text} title={plainName(text)}>
              <Name text={text} />
            </span>
            {!running && (
              <Button size="s" onClick={() => onSend(id)}>
                Send
              </Button>
            )}
            <IconButton icon="edit" size="s" label={`Edit: ${text.slice(0, NAMED)}`} onClick={() => onEdit(id)} />
            <IconButton icon="trash" size="s" label={`Drop: ${text.slice(0, NAMED)}`} onClick={() => drop(id)} />
          </li>
        ))}
      </ol>
    </section>
  );
}

/** As much of a message tells it from the others. */
const NAMED = 40;
