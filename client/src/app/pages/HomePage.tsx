import { PluginsLink } from "@/features/plugins/components/PluginsLink";
import { ProjectList } from "@/features/projects/components/ProjectList";
import { useDocumentTitle } from "@/shared/lib/useDocumentTitle";
import { TopBar } from "../components/TopBar";
import styles from "./HomePage.module.css";

export function HomePage({ onHelp }: { onHelp: () => void }) {
  useDocumentTitle("Projects");
  return (
    <div className={styles.page}>
      <TopBar onHelp={onHelp}>
        <PluginsLink projectId={null} compact />
      </TopBar>
      <main>
        <ProjectList />
      </main>
    </div>
  );
}
