import { Name } from "@/shared/ui/Name";
import styles from "./Findings.module.css";

/** What a tool said in a sentence; what stands between backticks is code. */
export function Worded({ text }: { text: string }) {
  return text.split(/(`[^`]+`)/).map((part, at) =>
    part.length > 2 && part.startsWith("`") && part.endsWith("`") ? (
      <code key={at} className={styles.code}>
        <Name text={part.slice(1, -1)} />
      </code>
    ) : (
      <Name key={at} text={part} />
    ),
  );
}
