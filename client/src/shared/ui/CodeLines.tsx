import { memo, useState } from "react";
import { type CodeChunk, CodeChunks } from "@/shared/lib/codeChunks";
import { Tokens } from "./Tokens";

/** Coloured code; while it grows, only its end is coloured and drawn again. */
export function CodeLines({ code, language }: { code: string; language: string }) {
  const [chunks] = useState(() => new CodeChunks());
  return chunks.update(code, language).map((chunk, index) => <Chunk key={index} chunk={chunk} />);
}

const Chunk = memo(
  function Chunk({ chunk }: { chunk: CodeChunk }) {
    return <Tokens tokens={chunk.tokens} />;
  },
  (before, after) => before.chunk === after.chunk,
);
