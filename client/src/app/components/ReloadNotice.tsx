import type { ReactNode } from "react";
import { useArrival } from "@/shared/lib/focus";
import { Button } from "@/shared/ui/Button";
import { Notice } from "@/shared/ui/Notice";
import styles from "./ReloadNotice.module.css";

/** In the place of a page that cannot be shown: why, and the way on. */
export function ReloadNotice({ title, children }: { title: string; children: ReactNode }) {
  const reload = useArrival<HTMLButtonElement>();
  return (
    <main className={styles.page}>
      <Notice
        tone="bad"
        title={title}
        actions={
          <Button ref={reload} size="s" icon="refresh" onClick={() => location.reload()}>
            Reload
          </Button>
        }
      >
        {children}
      </Notice>
    </main>
  );
}
