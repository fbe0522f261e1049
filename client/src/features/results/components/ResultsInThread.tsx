import type { ResultRef } from "@/api/resultRef";
import { ContentView } from "./ContentView";
import { CutNotice } from "./CutNotice";
import styles from "./ResultsInThread.module.css";
import { TablePreview } from "./TablePreview";

/** What a call left, in its place in the thread; each opens to the whole. */
export function ResultsInThread({ results, of }: { results: readonly ResultRef[]; of: string }) {
  return (
    <div className={styles.results}>
      {results.map((result) => (
        <section key={result.id} className={styles.result} aria-label={result.title ?? result.file_name ?? `Result of ${of}`}>
          {result.title !== null && results.length > 1 && <p className={styles.title}>{result.title}</p>}
          {result.content === "table" ? <TablePreview result={result} of={of} /> : <ContentView info={result} />}
          <CutNotice info={result} />
        </section>
      ))}
    </div>
  );
}
