import { useSessions } from "@/features/chat/chatContext";
import { SkillDetail } from "@/features/skills/components/SkillDetail";
import { SkillsView } from "@/features/skills/components/SkillsView";
import type { Route } from "@/shared/lib/links";
import { useDocumentTitle } from "@/shared/lib/useDocumentTitle";
import { IconButton } from "@/shared/ui/IconButton";
import { ProjectFrame } from "../components/ProjectFrame";
import styles from "./PluginsPage.module.css";

/** A project's skills, or a file of one; the project's sidebar stays. */
export function SkillsPage({ route: { projectId, path }, onHelp }: { route: Extract<Route, { page: "skills" }>; onHelp: () => void }) {
  const sessions = useSessions();
  useDocumentTitle("Skills");
  return (
    <ProjectFrame projectId={projectId} conversationId={null} onHelp={onHelp} onDeleted={(id) => sessions.forget(id)}>
      {(sidebar) => (
        <div className={styles.scroll}>
          {!sidebar.beside && (
            <div className={styles.menu}>
              <IconButton icon="menu" label="Show sidebar" onClick={sidebar.toggle} />
            </div>
          )}
          {path === null ? <SkillsView projectId={projectId} /> : <SkillDetail projectId={projectId} path={path} />}
        </div>
      )}
    </ProjectFrame>
  );
}
