import type { ReactNode } from "react";
import type { DiffLine, Hunk } from "@/shared/lib/lineDiff";
import styles from "./LineDiff.module.css";

const signs: Record<DiffLine["kind"], { sign: string; said: string; className: string | undefined }> = {
  same: { sign: " ", said: "", className: undefined },
  gone: { sign: "−", said: "removed: ", className: styles.gone },
  new: { sign: "+", said: "added: ", className: styles.new },
};

interface LineDiffProps {
  /** Read aloud for the lines. */
  label: string;
  /** Above the lines at the left, and what can be done at the right. */
  caption: ReactNode;
  tools?: ReactNode;
  hunks: readonly Hunk[];
  /** Said where no line changed. */
  none?: string;
}

/** What changed in a text, line by line. */
export function LineDiff({ label, caption, tools, hunks, none = "Nothing changed in its text." }: LineDiffProps) {
  return (
    <figure className={styles.diff}>
      <figcaption className={styles.bar}>
        <span className={styles.path}>{caption}</span>
        {tools}
      </figcaption>
      {/* Scrolls by itself, so it must be reachable by keyboard. */}
      <div className={styles.scroll} tabIndex={0} role="group" aria-label={label}>
        {hunks.length === 0 && <p className={styles.none}>{none}</p>}
        <table>
          {hunks.map((lines, index) => (
            <tbody key={index}>
              {lines.map((line, at) => {
                const { sign, said, className } = signs[line.kind];
                return (
                  <tr key={at} className={className}>
                    <td className={styles.number}>{line.before}</td>
                    <td className={styles.number}>{line.after}</td>
                    <td className={styles.sign} aria-hidden="true">
                      {sign}
                    </td>
                    <td className={styles.text}>
                      {said !== "" && <span className="visually-hidden">{said}</span>}
                      {line.text}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          ))}
        </table>
      </div>
    </figure>
  );
}
