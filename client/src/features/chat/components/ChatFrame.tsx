import type { ReactNode } from "react";
import { MarkdownNotice } from "@/shared/markdown/MarkdownNotice";
import styles from "./ChatFrame.module.css";

/** The thread above, the composer with its notices below. */
export function ChatFrame({ thread, children }: { thread: ReactNode; children: ReactNode }) {
  return (
    <div className={styles.frame}>
      {thread}
      <div className={styles.dock}>
        <div className={styles.column}>
          <MarkdownNotice />
          {children}
        </div>
      </div>
    </div>
  );
}
