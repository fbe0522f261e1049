import { useMemo } from "react";
import { plainPieces } from "@/shared/lib/plainSight";
import styles from "./Name.module.css";

/** A name that somebody else gave: it runs its own way without moving what stands beside it, and hides nothing. */
export function Name({ text }: { text: string }) {
  const pieces = useMemo(() => plainPieces(text), [text]);
  return (
    <bdi>
      {pieces.map((piece, index) =>
        piece.kind === "mark" ? (
          <span key={index} className={styles.mark}>
            {piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </bdi>
  );
}
