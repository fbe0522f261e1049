import { use } from "react";
import { cx } from "@/shared/lib/cx";
import { FileLinks } from "@/shared/markdown/fileLinks";
import { Icon } from "@/shared/ui/Icon";
import type { DiffLine, FileChange } from "../model/patch";
import styles from "./FileDiff.module.css";

const signs: Record<DiffLine["kind"], { sign: string; said: string; className: string | undefined }> = {
  same: { sign: " ", said: "", className: undefined },
  gone: { sign: "−", said: "removed: ", className: styles.gone },
  new: { sign: "+", said: "added: ", className: styles.new },
};

/** What changed in a file, line by line, with the way to the file. */
export function FileDiff({ change }: { change: FileChange }) {
  return (
    <figure className={styles.diff}>
      <figcaption className={styles.bar}>
        <span className={styles.path}>{change.path}</span>
        <OpenFile path={change.path} />
      </figcaption>
      {/* Scrolls by itself, so it must be reachable by keyboard. */}
      <div className={styles.scroll} tabIndex={0} role="group" aria-label={`Changes in ${change.path}`}>
        {change.hunks.length === 0 && <p className={styles.none}>Nothing changed in its text.</p>}
        <table>
          {change.hunks.map((lines, index) => (
            <tbody key={index}>
              {lines.map((line, at) => {
                const { sign, said, className } = signs[line.kind];
                return (
                  <tr key={at} className={className}>
                    <td className={styles.number}>{line.before}</td>
                    <td className={styles.number}>{line.after}</td>
                    <td className={cx(styles.sign)} aria-hidden="true">
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

function OpenFile({ path }: { path: string }) {
  const fileLinks = use(FileLinks);
  if (fileLinks === null) return null;
  return (
    <a className={styles.open} href={fileLinks.href(path)} onClick={(event) => fileLinks.open(event, path)}>
      <Icon name="file" size={15} /> Open file
    </a>
  );
}
