import { useEffect, useMemo, useRef, useState } from "react";
import { cx } from "@/shared/lib/cx";
import { formatCount } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import { CopyButton } from "@/shared/ui/CopyButton";
import { Notice } from "@/shared/ui/Notice";
import { Tokens } from "@/shared/ui/Tokens";
import type { Finding } from "../api/types";
import { useBundle } from "../bundleContext";
import { insidePath } from "../model/bundles";
import { codeLines } from "../model/codeLines";
import styles from "./Code.module.css";
import { FindingWords } from "./FindingWords";

/** More lines are drawn when somebody asks for them, or for one of them. */
const MAX_LINES = 2_000;

interface AnnotatedCodeProps {
  /** From the project's folder. */
  path: string;
  text: string;
  /** Shown and marked. */
  line: number | null;
}

/** A file in colours, its lines numbered, with what was found under the line that it is about. */
export function AnnotatedCode({ path, text, line }: AnnotatedCodeProps) {
  const { bundle, validation } = useBundle();
  const lines = useMemo(() => codeLines(text, extensionOf(path)), [text, path]);
  const [all, setAll] = useState(false);
  const shown = all || (line ?? 0) > MAX_LINES ? lines : lines.slice(0, MAX_LINES);
  const { byLine, about } = useMemo(() => placed(validation?.findings ?? [], path, lines.length), [validation, path, lines]);
  const block = useRef<HTMLElement>(null);
  // The scroll position is the browser's.
  useEffect(() => {
    if (line !== null) block.current?.querySelector(`[data-line="${line}"]`)?.scrollIntoView({ block: "center" });
  }, [line]);
  const name = insidePath(bundle.folder, path);
  if (text === "") return <Notice tone="info">This file is empty.</Notice>;
  return (
    <>
      {about.length > 0 && (
        <ul className={styles.about} aria-label="About the whole file">
          {about.map((finding, at) => (
            <li key={at}>
              <FindingWords finding={finding} />
            </li>
          ))}
        </ul>
      )}
      <figure ref={block} className={styles.block} dir="ltr">
        <figcaption className={styles.bar}>
          <span>{formatCount(lines.length)} lines</span>
          <CopyButton text={text} label="Copy file" />
        </figcaption>
        {/* Scrolls by itself, so it must be reachable by keyboard. */}
        <div className={styles.scroll} tabIndex={0} role="group" aria-label={`Text of ${name}`}>
          <table>
            <tbody>
              {shown.map((tokens, at) => {
                const number = at + 1;
                const found = byLine.get(number);
                const isMarked = number === line;
                return [
                  <tr
                    key={number}
                    data-line={number}
                    className={cx(isMarked && styles.marked, found !== undefined && styles.hasFinding)}
                    aria-current={isMarked ? "location" : undefined}
                  >
                    <td className={styles.number}>{number}</td>
                    <td className={styles.text}>
                      <Tokens tokens={tokens} />
                    </td>
                  </tr>,
                  found !== undefined && (
                    <tr key={`${number} found`}>
                      <td className={styles.finding} colSpan={2}>
                        {found.map((finding, place) => (
                          <FindingWords key={place} finding={finding} />
                        ))}
                      </td>
                    </tr>
                  ),
                ];
              })}
            </tbody>
          </table>
        </div>
      </figure>
      {shown.length < lines.length && <Button onClick={() => setAll(true)}>Show all {formatCount(lines.length)} lines</Button>}
    </>
  );
}

function placed(findings: readonly Finding[], path: string, lineCount: number): { byLine: Map<number, Finding[]>; about: Finding[] } {
  const byLine = new Map<number, Finding[]>();
  const about: Finding[] = [];
  for (const finding of findings) {
    if (finding.file !== path) continue;
    const { line } = finding;
    if (line === null || line < 1 || line > lineCount) about.push(finding);
    else byLine.set(line, [...(byLine.get(line) ?? []), finding]);
  }
  return { byLine, about };
}

function extensionOf(path: string): string {
  return /\.([A-Za-z0-9]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
}
