import type { ResultPanelProps } from "@/features/results/components/ResultPanel";
import { Part, usePart } from "@/shared/lib/part";
import { Button } from "@/shared/ui/Button";
import { IconButton } from "@/shared/ui/IconButton";
import { Notice } from "@/shared/ui/Notice";
import { Skeleton } from "@/shared/ui/Skeleton";
import styles from "./ResultAside.module.css";

/** The table and its libraries come when a result is opened, or is about to be. */
export const resultPanel = new Part(() => import("@/features/results/components/ResultPanel").then((file) => file.ResultPanel));

/** A result beside the conversation. */
export function ResultAside(props: ResultPanelProps) {
  const panel = usePart(resultPanel);
  if (panel.status === "here") return <panel.value {...props} />;
  return (
    <aside className={styles.waiting} aria-label="Result">
      <IconButton icon="close" size="s" label="Close the result" onClick={props.onClose} />
      {panel.status === "loading" ? (
        <Skeleton lines={8} label="Loading the result" />
      ) : (
        <Notice
          tone="bad"
          title="What shows results did not load"
          actions={
            <Button size="s" icon="refresh" onClick={() => location.reload()}>
              Reload
            </Button>
          }
        >
          Bricklayer was probably updated since you opened this page, or the connection is gone. Nothing is lost.
        </Notice>
      )}
    </aside>
  );
}
