import { BundleDetail } from "@/features/bundles/components/BundleDetail";
import { BundlesView } from "@/features/bundles/components/BundlesView";
import { MakeBundle } from "@/features/bundles/components/MakeBundle";
import { useSessions } from "@/features/chat/chatContext";
import type { Route } from "@/shared/lib/links";
import { useDocumentTitle } from "@/shared/lib/useDocumentTitle";
import { IconButton } from "@/shared/ui/IconButton";
import { ProjectFrame } from "../components/ProjectFrame";
import styles from "./PluginsPage.module.css";

/** A project's bundles, one of them, or what a new one is made of; the project's sidebar stays. */
export function BundlesPage({ route: { projectId, at }, onHelp }: { route: Extract<Route, { page: "bundles" }>; onHelp: () => void }) {
  const sessions = useSessions();
  useDocumentTitle("Bundles");
  return (
    <ProjectFrame projectId={projectId} conversationId={null} onHelp={onHelp} onDeleted={(id) => sessions.forget(id)}>
      {(sidebar) => (
        <div className={styles.scroll}>
          {!sidebar.beside && (
            <div className={styles.menu}>
              <IconButton icon="menu" label="Show sidebar" onClick={sidebar.toggle} />
            </div>
          )}
          {at === null && <BundlesView projectId={projectId} />}
          {at === "new" && <MakeBundle projectId={projectId} />}
          {at !== null && at !== "new" && <BundleDetail key={at.folder} projectId={projectId} at={at} />}
        </div>
      )}
    </ProjectFrame>
  );
}
