import { cx } from "@/shared/lib/cx";
import { Disclosure } from "@/shared/ui/Disclosure";
import { Icon } from "@/shared/ui/Icon";
import { Name } from "@/shared/ui/Name";
import { type Todo, todosOf } from "../model/todos";
import type { ConversationView } from "../model/view";
import styles from "./TodoPanel.module.css";

const states: Record<Todo["status"], string> = { pending: "to do", in_progress: "in progress", completed: "done" };

/** What the agent means to do and how far it is: one line, which opens to the list. */
export function TodoPanel({ view }: { view: ConversationView }) {
  const todos = todosOf(view);
  if (todos.length === 0) return null;
  const done = todos.filter(({ status }) => status === "completed").length;
  const now = todos.find(({ status }) => status === "in_progress");
  const summary = (
    <span className={styles.lead}>
      <strong>
        To do: {done} of {todos.length} done
      </strong>
      {now !== undefined && (
        <span className={styles.now}>
          <Name text={now.activeForm ?? now.content} />
        </span>
      )}
    </span>
  );
  return (
    <section className={styles.panel} aria-label="To do">
      <Disclosure summary={summary}>
        <ol className={styles.list}>
          {todos.map(({ content, status }, index) => (
            // The list has no ids, and is replaced whole.
            <li key={index} className={cx(status === "completed" && styles.done, status === "in_progress" && styles.current)}>
              <span className={styles.mark} role="img" aria-label={states[status]}>
                {status === "completed" ? <Icon name="check" /> : <span className={styles.dot} />}
              </span>
              <Name text={content} />
            </li>
          ))}
        </ol>
      </Disclosure>
    </section>
  );
}
