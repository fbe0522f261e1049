import styles from "./Said.module.css";

/** What the host said: a sentence, or lines whose places mean something, such as a mark under a mistake. */
export function Said({ text }: { text: string }) {
  if (!text.includes("\n")) return text;
  // Scrolls by itself, so it must be reachable by keyboard.
  return (
    <pre className={styles.lines} tabIndex={0} role="group" aria-label="Message">
      {text}
    </pre>
  );
}
