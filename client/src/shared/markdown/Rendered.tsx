import { type ReactNode, memo, useMemo } from "react";
import drawMarkdown, { type Options, defaultUrlTransform } from "react-markdown";
import remarkGfm from "remark-gfm";
import { Code } from "@/shared/ui/Code";
import { alignNumbers } from "./alignNumbers";
import { AsWritten } from "./AsWritten";
import { BlockBoundary } from "./BlockBoundary";
import { boundTree, isDrawable } from "./bounds";
import { components } from "./components";
import { directions } from "./directions";
import { footnoteMarks, numbersIn } from "./footnoteMarks";
import { formulas } from "./formulas";
import type { MarkdownProps } from "./Markdown";
import styles from "./Markdown.module.css";
import { RESULT_SCHEME } from "./resultLinks";
import { markNumbers } from "./markNumbers";
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
  const drawn = useMemo(() => draw(text, numbers), [text, numbers]);
  return <BlockBoundary text={text}>{drawn ?? <AsWritten text={text} />}</BlockBoundary>;
});

/** Results are named by a scheme of their own, which leads nowhere but into the page. */
function keptUrl(url: string): string {
  return url.startsWith(RESULT_SCHEME) ? url : defaultUrlTransform(url);
}

const elementPlugins: Options["rehypePlugins"] = [directions, markNumbers];

/** `null`: this cannot be drawn. The parser is called and not mounted, so that its failure is ours to answer. */
function draw(text: string, numbers: string): ReactNode {
  const fence = fencedCode(text);
  // Code needs no parser, and grows by its lines.
  if (fence !== null) return <Code code={fence.code} language={fence.language} />;
  if (!isDrawable(text)) return null;
  try {
    return drawMarkdown({
      children: text,
      // `5~10 minutes for 3~4 dollars` strikes nothing through.
      remarkPlugins: [boundTree, [remarkGfm, { singleTilde: false }], formulas, alignNumbers, footnoteMarks(numbers)],
      rehypePlugins: elementPlugins,
      components,
      urlTransform: keptUrl,
    });
  } catch {
    return null;
  }
}
