import { cx } from "@/shared/lib/cx";
import styles from "./Code.module.css";
import { CodeLines } from "./CodeLines";
import { CopyButton } from "./CopyButton";

interface CodeProps {
  code: string;
  language: string;
  /** Shown above the code; the language by default. */
  label?: string;
  bounded?: boolean;
}

/** A block of code with colours and a copy button. */
export function Code({ code, language, label, bounded = false }: CodeProps) {
  const caption = label ?? language;
  return (
    <figure className={styles.block}>
      <figcaption className={styles.bar}>
        <span>{caption === "" ? "text" : caption}</span>
        <CopyButton text={code} label="Copy code" />
      </figcaption>
      {/* Scrolls by itself, so it must be reachable by keyboard. */}
      <pre className={cx(styles.pre, bounded && styles.bounded)} tabIndex={0} aria-label={`${caption === "" ? "Text" : caption} code`} role="group">
        <code>
          <CodeLines code={code} language={language} />
        </code>
      </pre>
    </figure>
  );
}
