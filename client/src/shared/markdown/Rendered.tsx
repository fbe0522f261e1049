import { memo, useMemo } from "react";
import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { Code } from "@/shared/ui/Code";
import { alignNumbers } from "./alignNumbers";
import { components } from "./components";
import { footnoteMarks, numbersIn } from "./footnoteMarks";
import type { MarkdownProps } from "./Markdown";
import styles from "./Markdown.module.css";
import { fencedCode, footnoteOf } from "./split";
import { useBlocks } from "./useBlocks";

/** Markdown without raw HTML and without remote images. Finished blocks are not rendered again while text streams in. */
export function Rendered({ text, streaming = false }: MarkdownProps) {
  const { blocks, notes } = useBlocks(text, streaming);
  const footnotes = notes.size === 0 ? [] : blocks.flatMap((block) => footnoteOf(block) ?? []);
  return (
    <div className={styles.markdown}>
      {blocks.map((block, index) =>
        notes.size > 0 && footnoteOf(block) !== null ? null : <Block key={index} text={block} numbers={numbersIn(block, notes)} />,
      )}
      {footnotes.length > 0 && (
        <ol className={styles.footnotes} aria-label="Footnotes">
          {footnotes
            .toSorted((a, b) => (notes.get(a.label) ?? 0) - (notes.get(b.label) ?? 0))
            .map(({ label, text: note }) => (
              <li key={label} value={notes.get(label)}>
                <Block text={note} numbers={numbersIn(note, notes)} />
              </li>
            ))}
        </ol>
      )}
    </div>
  );
}

const Block = memo(function Block({ text, numbers }: { text: string; numbers: string }) {
  const plugins = useMemo(() => [remarkGfm, alignNumbers, footnoteMarks(numbers)], [numbers]);
  const fence = fencedCode(text);
  // Code needs no parser, and grows by its lines.
  if (fence !== null) return <Code code={fence.code} language={fence.language} />;
  return (
    <ReactMarkdown remarkPlugins={plugins} components={components}>
      {text}
    </ReactMarkdown>
  );
});
