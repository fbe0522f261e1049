import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { fileUrl, filesQuery } from "@/api/files";
import { messageOf } from "@/api/problem";
import { IconButton } from "@/shared/ui/IconButton";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { plainName } from "@/shared/lib/plainSight";
import { Name } from "@/shared/ui/Name";
import { Skeleton } from "@/shared/ui/Skeleton";
import { FileList } from "./FileList";
import styles from "./FilePanel.module.css";
import { FileViewer } from "./FileViewer";

interface FilePanelProps {
  projectId: string;
  /** The file that is open; `null` shows the list. */
  path: string | null;
  onOpen: (path: string | null) => void;
  onClose: () => void;
  /** Stands under the list of files. */
  below?: ReactNode;
}

export function FilePanel({ projectId, path, onOpen, onClose, below }: FilePanelProps) {
  const files = useQuery(filesQuery(projectId));
  return (
    <aside className={styles.panel} aria-label="Files">
      <header className={styles.header}>
        {path === null ? (
          <h2 tabIndex={-1} data-files>
            Files
          </h2>
        ) : (
          <>
            <IconButton icon="arrowLeft" label="All files" size="s" onClick={() => onOpen(null)} />
            <h2 title={plainName(path)} tabIndex={-1} data-files>
              <Name text={path} />
            </h2>
            <a className={styles.download} href={fileUrl(projectId, path, { download: true })} download>
              Download
            </a>
          </>
        )}
        <IconButton icon="close" label="Close files" size="s" onClick={onClose} />
      </header>
      <div className={styles.body}>
        {path !== null ? (
          <FileViewer key={path} projectId={projectId} path={path} size={files.data?.files.find((file) => file.path === path)?.size ?? null} />
        ) : (
          <div className={styles.lists}>
            {files.isPending && <Skeleton lines={4} label="Loading files" />}
            {files.isError && (
              <LoadFailure
                title="Files could not be loaded"
                message={messageOf(files.error)}
                stale={files.data !== undefined}
                onRetry={() => void files.refetch()}
              />
            )}
            {files.data !== undefined && <FileList files={files.data.files} truncated={files.data.truncated} onOpen={onOpen} />}
            {below !== undefined && <div className={styles.below}>{below}</div>}
          </div>
        )}
      </div>
    </aside>
  );
}
