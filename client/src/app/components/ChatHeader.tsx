import { IconButton } from "@/shared/ui/IconButton";
import { Button } from "@/shared/ui/Button";
import { plainName } from "@/shared/lib/plainSight";
import { Name } from "@/shared/ui/Name";
import styles from "./ChatHeader.module.css";

interface ChatHeaderProps {
  title: string;
  sidebarShown: boolean;
  filesShown: boolean;
  /** A page has one heading: not where what is under it has its own. */
  isHeading: boolean;
  fileCount: string | null;
  onSidebar: () => void;
  onFiles: () => void;
}

export function ChatHeader({ title, isHeading, sidebarShown, filesShown, fileCount, onSidebar, onFiles }: ChatHeaderProps) {
  const Title = isHeading ? "h1" : "p";
  return (
    <header className={styles.header}>
      {!sidebarShown && <IconButton icon="menu" label="Show sidebar" onClick={onSidebar} />}
      <Title className={styles.title} title={plainName(title)}>
        <Name text={title} />
      </Title>
      <Button variant="quiet" size="s" icon="folder" aria-pressed={filesShown} onClick={onFiles}>
        <span className={styles.label}>Files</span> {fileCount !== null && fileCount !== "0" && <span className={styles.count}>{fileCount}</span>}
      </Button>
    </header>
  );
}
