import { useSessions } from "@/features/chat/chatContext";
import { PluginDetail } from "@/features/plugins/components/PluginDetail";
import { PluginList } from "@/features/plugins/components/PluginList";
import { PluginOfTool } from "@/features/plugins/components/PluginOfTool";
import { type Route, links } from "@/shared/lib/links";
import { useDocumentTitle } from "@/shared/lib/useDocumentTitle";
import { IconButton } from "@/shared/ui/IconButton";
import { ProjectChoice } from "../components/ProjectChoice";
import { ProjectFrame } from "../components/ProjectFrame";
import { TopBar } from "../components/TopBar";
import styles from "./PluginsPage.module.css";

type PluginsRoute = Extract<Route, { page: "plugins" }>;

/** Plugins, for every project or as one project sees them; inside a project its sidebar stays. */
export function PluginsPage({ route, onHelp }: { route: PluginsRoute; onHelp: () => void }) {
  const { projectId } = route;
  const sessions = useSessions();
  useDocumentTitle("Plugins");
  if (projectId === null) {
    return (
      <div className={styles.page}>
        <TopBar onHelp={onHelp} />
        <main>
          <Shown route={route} />
        </main>
      </div>
    );
  }
  return (
    <ProjectFrame projectId={projectId} conversationId={null} onHelp={onHelp} onDeleted={(id) => sessions.forget(id)}>
      {(sidebar) => (
        <div className={styles.scroll}>
          {!sidebar.beside && (
            <div className={styles.menu}>
              <IconButton icon="menu" label="Show sidebar" onClick={sidebar.toggle} />
            </div>
          )}
          <Shown route={route} />
        </div>
      )}
    </ProjectFrame>
  );
}

function Shown({ route: { projectId, pluginId, tab, tool, power } }: { route: PluginsRoute }) {
  const choice = <ProjectChoice projectId={projectId} hrefOf={(id) => (pluginId === null ? links.plugins(id) : links.plugin(id, pluginId, { tab, power }))} />;
  if (pluginId !== null) {
    return (
      <PluginDetail key={pluginId} pluginId={pluginId} projectId={projectId} tab={tab} power={power}>
        {choice}
      </PluginDetail>
    );
  }
  const list = <PluginList projectId={projectId}>{choice}</PluginList>;
  return tool === null ? list : <PluginOfTool tool={tool} power={power} projectId={projectId} otherwise={list} />;
}
