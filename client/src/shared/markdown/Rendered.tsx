import { memo, useMemo } from "react";
import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { alignNumbers } from "./alignNumbers";
import { components } from "./components";
import type { MarkdownProps } from "./Markdown";
import styles from "./Markdown.module.css";
import { repairTail } from "./repair";
import { splitBlocks } from "./split";

const plugins = [remarkGfm, alignNumbers];

/** Markdown without raw HTML and without remote images. Finished blocks are not rendered again while text streams in. */
export function Rendered({ text, streaming = false }: MarkdownProps) {
  const blocks = useMemo(() => splitBlocks(text), [text]);
  return (
    <div className={styles.markdown}>
      {blocks.map((block, index) => (
        <Block key={index} text={streaming && index === blocks.length - 1 ? repairTail(block) : block} />
      ))}
    </div>
  );
}

const Block = memo(function Block({ text }: { text: string }) {
  return (
    <ReactMarkdown remarkPlugins={plugins} components={components}>
      {text}
    </ReactMarkdown>
  );
});
