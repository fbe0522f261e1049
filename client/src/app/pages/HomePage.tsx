import { useDocumentTitle } from "@/shared/lib/useDocumentTitle";
import { IconButton } from "@/shared/ui/IconButton";
import { Logo } from "@/shared/ui/Logo";
import { PluginsLink } from "@/features/plugins/components/PluginsLink";
import { ProjectList } from "@/features/projects/components/ProjectList";
import { ModelBadge } from "@/features/workspace/components/ModelBadge";
import { ThemeToggle } from "../components/ThemeToggle";
import styles from "./HomePage.module.css";

export function HomePage({ onHelp }: { onHelp: () => void }) {
  useDocumentTitle("Projects");
  return (
    <div className={styles.page}>
      <header className={styles.top}>
        <span className={styles.brand}>
          <Logo />
          Bricklayer
        </span>
        <span className={styles.tools}>
          <PluginsLink projectId={null} compact />
          <ModelBadge />
          <ThemeToggle />
          <IconButton className={styles.help} icon="help" label="Keyboard shortcuts" onClick={onHelp} />
        </span>
      </header>
      <main>
        <ProjectList />
      </main>
    </div>
  );
}
