import { Part, usePart } from "@/shared/lib/part";
import styles from "./Markdown.module.css";

export interface MarkdownProps {
  text: string;
  /** The text is still arriving. */
  streaming?: boolean;
}

/** A third of the page's code, for which no text has to wait: where the first one is expected, fetch it ahead. */
export const markdown = new Part(() => import("./Rendered").then((file) => file.Rendered));

/** Markdown as it is meant; as it was written until that is possible. Where it stands, `MarkdownNotice` should too. */
export function Markdown(props: MarkdownProps) {
  const rendered = usePart(markdown);
  if (rendered.status === "here") return <rendered.value {...props} />;
  return <p className={styles.plain}>{props.text}</p>;
}
