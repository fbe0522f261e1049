import { Markdown } from "@/shared/markdown/Markdown";
import { Disclosure } from "@/shared/ui/Disclosure";
import styles from "./Summarised.module.css";

/** A quiet line: the model reads a summary in the place of all above it. Opens to what it reads. */
export function Summarised({ summary }: { summary: string }) {
  return (
    <section className={styles.summarised} aria-label="Earlier messages were summarised">
      <Disclosure lined summary={<span>Earlier messages were summarised</span>}>
        <Markdown text={summary} streaming={false} />
      </Disclosure>
    </section>
  );
}
