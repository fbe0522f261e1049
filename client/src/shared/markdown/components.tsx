import type { ReactNode } from "react";
import type { Components } from "react-markdown";
import { Code } from "@/shared/ui/Code";
import styles from "./Markdown.module.css";
import { NumberMark } from "./NumberMark";
import { SafeLink } from "./SafeLink";

/** Plain text of what React renders: enough for code blocks, whose children are strings. */
function textOf(node: ReactNode): string {
  if (typeof node === "string" || typeof node === "number") return String(node);
  return Array.isArray(node) ? node.map(textOf).join("") : "";
}

export const components: Components = {
  a: ({ href, children }) => <SafeLink href={href}>{children}</SafeLink>,
  // A remote picture would tell its host what is being read: it is shown as a link.
  img: ({ src, alt }) => <SafeLink href={typeof src === "string" ? src : undefined}>Image: {alt === undefined || alt === "" ? "untitled" : alt}</SafeLink>,
  pre: ({ children }) => children,
  code: ({ className, children, node }) => {
    const text = textOf(children);
    const language = /language-(\S+)/.exec(className ?? "")?.[1];
    // Fenced and indented code ends with a line break in the tree; inline code never does.
    const isBlock = language !== undefined || text.endsWith("\n") || node?.position?.start.line !== node?.position?.end.line;
    return isBlock ? <Code code={text.replace(/\n$/, "")} language={language ?? ""} /> : <code className={styles.inlineCode}>{children}</code>;
  },
  table: ({ children }) => (
    <div className={styles.tableScroll} tabIndex={0} role="group" aria-label="Table">
      <table>{children}</table>
    </div>
  ),
  data: ({ value, children }) => <NumberMark value={String(value)}>{children}</NumberMark>,
  input: ({ checked }) => <input type="checkbox" checked={checked === true} readOnly disabled aria-label={checked === true ? "done" : "open"} />,
};
