import { plural } from "@/shared/lib/format";
import { Badge } from "@/shared/ui/Badge";
import type { Diff } from "../api/types";
import styles from "./DiffView.module.css";
import { RequestWords } from "./RequestWords";

/** What another version changes, but for the requests that it adds: those are chosen from, one by one. */
export function DiffView({ diff }: { diff: Diff }) {
  const lessCareful = new Set(diff.tools_less_careful);
  const tools = [
    { mark: "+", tone: styles.added, word: "new", names: diff.tools_added },
    { mark: "~", tone: styles.changed, word: "changed", names: diff.tools_changed },
    { mark: "−", tone: styles.removed, word: "gone", names: diff.tools_removed },
  ].filter(({ names }) => names.length > 0);
  if (tools.length === 0 && diff.removed.length === 0) return null;
  return (
    <div className={styles.diff}>
      {tools.length > 0 && (
        <div role="group" aria-label="Changed tools">
          <h3>
            {plural(
              tools.reduce((sum, { names }) => sum + names.length, 0),
              "tool",
            )}{" "}
            changed
          </h3>
          <ul>
            {tools.flatMap(({ mark, tone, word, names }) =>
              names.map((name) => (
                <li key={`${word} ${name}`}>
                  <span className={tone} aria-hidden="true">
                    {mark}
                  </span>
                  <code>{name}</code>
                  <span className={styles.word}>{word}</span>
                  {lessCareful.has(name) && (
                    <Badge tone="warn" icon="warning" title="It asks less often than before, or calls itself harmless">
                      less careful
                    </Badge>
                  )}
                </li>
              )),
            )}
          </ul>
        </div>
      )}
      {diff.removed.length > 0 && (
        <div role="group" aria-label="No longer asked for">
          <h3>No longer asked for</h3>
          <ul>
            {diff.removed.map((request) => (
              <li key={request.id}>
                <span className={styles.removed} aria-hidden="true">
                  −
                </span>
                <RequestWords request={request} withHost />
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
