import { useMemo } from "react";
import { cx } from "@/shared/lib/cx";
import { type Token, tokenize } from "@/shared/lib/tokenize";
import styles from "./Code.module.css";
import { CopyButton } from "./CopyButton";

const classes: Record<Token["kind"], string | undefined> = {
  plain: undefined,
  keyword: styles.keyword,
  string: styles.string,
  number: styles.number,
  comment: styles.comment,
  name: styles.name,
};

interface CodeProps {
  code: string;
  language: string;
  /** Shown above the code; the language by default. */
  label?: string;
  bounded?: boolean;
}

/** A block of code with colours and a copy button. */
export function Code({ code, language, label, bounded = false }: CodeProps) {
  const tokens = useMemo(() => tokenize(code, language), [code, language]);
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
          {tokens.map((token, index) =>
            token.kind === "plain" ? (
              token.text
            ) : (
              <span key={index} className={classes[token.kind]}>
                {token.text}
              </span>
            ),
          )}
        </code>
      </pre>
    </figure>
  );
}
