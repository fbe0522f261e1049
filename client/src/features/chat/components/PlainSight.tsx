import { type Piece, firstRows, inPlainSight, plainPieces } from "@/shared/lib/plainSight";
import styles from "./PlainSight.module.css";

/** Text of which nothing escapes the eye: wrapped, blanks folded into a number, unseen characters as marks. */
export function PlainSight({ text }: { text: string }) {
  return plainPieces(text).map((piece, index) => <Shown key={index} piece={piece} />);
}

interface PlainBlockProps {
  text: string;
  /** Read aloud. */
  label: string;
  /** Rows that are shown; `null`: all. */
  rows: number | null;
}

export function PlainBlock({ text, label, rows }: PlainBlockProps) {
  const lines = inPlainSight(text);
  const shown = rows === null ? lines : firstRows(lines, rows);
  return (
    <pre className={styles.block} aria-label={label} role="group">
      <code>
        {shown.map((line, at) => (
          <span key={at}>
            {line.pieces.map((piece, index) => (
              <Shown key={index} piece={piece} />
            ))}
            {"\n"}
          </span>
        ))}
      </code>
    </pre>
  );
}

function Shown({ piece }: { piece: Piece }) {
  switch (piece.kind) {
    case "text":
      return piece.text;
    case "mark":
      return <span className={styles.mark}>{piece.text}</span>;
    case "rightToLeft":
      return <bdi dir="rtl">{piece.text}</bdi>;
    default:
      return piece satisfies never;
  }
}
