import { IconButton } from "@/shared/ui/IconButton";
import { Button } from "@/shared/ui/Button";
import styles from "./ChatHeader.module.css";

interface ChatHeaderProps {
  title: string;
  sidebarShown: boolean;
  filesShown: boolean;
  fileCount: number | null;
  onSidebar: () => void;
  onFiles: () => void;
}

export function ChatHeader({ title, sidebarShown, filesShown, fileCount, onSidebar, onFiles }: ChatHeaderProps) {
  return (
    <header className={styles.header}>
      {!sidebarShown && <IconButton icon="menu" label="Show sidebar" onClick={onSidebar} />}
      <h1 className={styles.title}>{title}</h1>
      <Button variant="quiet" size="s" icon="folder" aria-pressed={filesShown} onClick={onFiles}>
        <span className={styles.label}>Files</span> {fileCount !== null && fileCount > 0 && <span className={styles.count}>{fileCount}</span>}
      </Button>
    </header>
  );
}
