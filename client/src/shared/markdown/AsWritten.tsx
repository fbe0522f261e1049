import { useState } from "react";
import { formatBytes } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import styles from "./Markdown.module.css";

/** Characters of such a text that are shown at once: laying out a line of a million takes seconds. */
const SHOWN_CHARS = 20_000;

/** A block that cannot be drawn: its text, whole on demand. */
export function AsWritten({ text }: { text: string }) {
  const [all, setAll] = useState(false);
  const cut = !all && text.length > SHOWN_CHARS;
  return (
    <figure className={styles.asWritten} dir="auto">
      <figcaption>Shown as it was written: it is too long or too deeply nested to be laid out.</figcaption>
      <p className={styles.plain}>{cut ? text.slice(0, SHOWN_CHARS) : text}</p>
      {cut && (
        <Button size="s" onClick={() => setAll(true)}>
          Show all {formatBytes(text.length)}
        </Button>
      )}
    </figure>
  );
}
