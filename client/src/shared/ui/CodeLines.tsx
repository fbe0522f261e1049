import { memo, useState } from "react";
import { type CodeChunk, CodeChunks } from "@/shared/lib/codeChunks";
import type { Token } from "@/shared/lib/tokenize";
import styles from "./Code.module.css";

/** Coloured code; while it grows, only its end is coloured and drawn again. */
export function CodeLines({ code, language }: { code: string; language: string }) {
  const [chunks] = useState(() => new CodeChunks());
  return chunks.update(code, language).map((chunk, index) => <Chunk key={index} chunk={chunk} />);
}

const Chunk = memo(
  function Chunk({ chunk }: { chunk: CodeChunk }) {
    return chunk.tokens.map((token, index) =>
      token.kind === "plain" ? (
        token.text
      ) : (
        <span key={index} className={classOf(token.kind)}>
          {token.text}
        </span>
      ),
    );
  },
  (before, after) => before.chunk === after.chunk,
);

/** Each kind of token has the class of its name. */
function classOf(kind: Token["kind"]): string | undefined {
  return styles[kind];
}
