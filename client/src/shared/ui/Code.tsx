import { useSyncExternalStore } from "react";
import { cx } from "@/shared/lib/cx";
import { recall, remember } from "@/shared/lib/storage";
import { Store } from "@/shared/lib/store";
import styles from "./Code.module.css";
import { CodeLines } from "./CodeLines";
import { CopyButton } from "./CopyButton";
import { IconButton } from "./IconButton";

/** Languages that are drawn elsewhere and read here. */
const sources: Readonly<Record<string, string>> = {
  mermaid: "Mermaid diagram, as source",
  math: "Formula, as source",
  latex: "Formula, as source",
  tex: "Formula, as source",
  katex: "Formula, as source",
};

/** Whether long lines break: one choice for all code, kept for the next visit. */
const wrapped = new Store(recall("local", "wrap-code") === "yes");

function toggleWrap(): void {
  wrapped.update((on) => !on);
  remember("local", "wrap-code", wrapped.get() ? "yes" : null);
}

interface CodeProps {
  code: string;
  language: string;
  /** Shown above the code; the language by default. */
  label?: string;
  bounded?: boolean;
}

/** A block of code with colours and a copy button. */
export function Code({ code, language, label, bounded = false }: CodeProps) {
  const wrap = useSyncExternalStore(wrapped.subscribe, wrapped.get);
  const caption = label ?? sources[language.toLowerCase()] ?? language;
  return (
    // Code runs from the left in every language of people.
    <figure className={styles.block} dir="ltr">
      <figcaption className={styles.bar}>
        <span>{caption === "" ? "text" : caption}</span>
        <span className={styles.tools}>
          <IconButton icon="wrap" size="s" label="Wrap long lines" aria-pressed={wrap} onClick={toggleWrap} />
          <CopyButton text={code} label="Copy code" />
        </span>
      </figcaption>
      {/* Scrolls by itself, so it must be reachable by keyboard. */}
      <pre
        className={cx(styles.pre, bounded && styles.bounded, wrap && styles.wrap)}
        tabIndex={0}
        aria-label={`${caption === "" ? "Text" : caption} code`}
        role="group"
      >
        <code>
          <CodeLines code={code} language={language} />
        </code>
      </pre>
    </figure>
  );
}
