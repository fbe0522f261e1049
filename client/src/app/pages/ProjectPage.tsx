import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { cx } from "@/shared/lib/cx";
import { type Route, links } from "@/shared/lib/links";
import { navigate } from "@/shared/lib/navigation";
import { recall, remember } from "@/shared/lib/storage";
import { useDocumentTitle } from "@/shared/lib/useDocumentTitle";
import { useNarrow } from "@/shared/lib/useNarrow";
import { FileLinks, type FileLinksValue } from "@/shared/markdown/fileLinks";
import { ChatPane } from "@/features/chat/components/ChatPane";
import { NewChatPane } from "@/features/chat/components/NewChatPane";
import { useSessions } from "@/features/chat/chatContext";
import { conversationsQuery } from "@/features/conversations/api/conversations";
import { filesQuery } from "@/features/files/api/files";
import { FilePanel } from "@/features/files/components/FilePanel";
import { ModelBadge } from "@/features/workspace/components/ModelBadge";
import { SettingsChip } from "@/features/workspace/components/SettingsChip";
import { ChatHeader } from "../components/ChatHeader";
import { Sidebar } from "../components/Sidebar";
import { useShortcuts } from "../hooks/useShortcuts";
import { useTurnSettings } from "../hooks/useTurnSettings";
import styles from "./ProjectPage.module.css";

type ProjectRoute = Extract<Route, { page: "project" }>;

export function ProjectPage({ route, onHelp }: { route: ProjectRoute; onHelp: () => void }) {
  const { projectId, conversationId, file, files: filesShown } = route;
  const narrow = useNarrow();
  const sessions = useSessions();
  const [wide, setWide] = useState(() => recall("local", "sidebar") !== "hidden");
  const [drawer, setDrawer] = useState(false);
  const conversations = useQuery(conversationsQuery(projectId));
  const files = useQuery(filesQuery(projectId));
  const conversation = conversations.data?.find((entry) => entry.id === conversationId);
  const [settings, setSettings] = useTurnSettings(projectId, conversationId, conversation?.settings);
  const title = conversationId === null ? "New conversation" : (conversation?.title ?? "Conversation");
  useDocumentTitle(title);

  const here = conversationId === null ? links.project(projectId) : links.conversation(projectId, conversationId);
  const sidebarShown = narrow ? drawer : wide;
  const toggleSidebar = (): void => {
    if (narrow) return setDrawer(!drawer);
    remember("local", "sidebar", wide ? "hidden" : null);
    setWide(!wide);
  };
  const toggleFiles = (): void => navigate(filesShown ? here : links.withFile(here, null));

  useShortcuts({
    newChat: () => navigate(links.project(projectId)),
    sidebar: toggleSidebar,
    files: toggleFiles,
    compose: () => focus("[data-composer]"),
    search: () => {
      if (!sidebarShown) toggleSidebar();
      // The sidebar may only appear with the next frame.
      requestAnimationFrame(() => focus("[data-search]"));
    },
  });

  const fileLinks = useMemo<FileLinksValue>(
    () => ({
      href: (path) => links.withFile(here, path),
      open: (event, path) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        navigate(links.withFile(here, path));
      },
    }),
    [here],
  );

  const controls = (
    <>
      <SettingsChip settings={settings} onChange={setSettings} />
      <ModelBadge />
    </>
  );
  const onDeleted = (id: string): void => {
    sessions.forget(id);
    if (id === conversationId) navigate(links.project(projectId), { replace: true });
  };

  return (
    <FileLinks value={fileLinks}>
      <div className={cx(styles.page, filesShown && styles.withFiles, sidebarShown && !narrow && styles.withSidebar)}>
        {sidebarShown && (
          <div
            className={cx(styles.sidebar, narrow && styles.drawer)}
            // A choice in the drawer closes it: what was chosen is what one wants to see.
            onClick={(event) => {
              if (narrow && event.target instanceof Element && event.target.closest("a") !== null) setDrawer(false);
            }}
            onKeyDown={(event) => {
              if (narrow && event.key === "Escape") setDrawer(false);
            }}
            role="presentation"
          >
            <Sidebar projectId={projectId} conversationId={conversationId} onHelp={onHelp} onHide={toggleSidebar} onDeleted={onDeleted} />
          </div>
        )}
        {narrow && drawer && <button type="button" className={styles.backdrop} aria-label="Close sidebar" onClick={() => setDrawer(false)} />}
        <main className={styles.main} inert={narrow && (drawer || filesShown)}>
          <ChatHeader
            title={title}
            sidebarShown={sidebarShown && !narrow}
            filesShown={filesShown}
            fileCount={files.data?.files.length ?? null}
            onSidebar={toggleSidebar}
            onFiles={toggleFiles}
          />
          <div className={styles.chat}>
            {conversationId === null ? (
              <NewChatPane
                projectId={projectId}
                settings={settings}
                controls={controls}
                onCreated={(id) => navigate(filesShown ? links.withFile(links.conversation(projectId, id), file) : links.conversation(projectId, id))}
              />
            ) : (
              <ChatPane key={conversationId} projectId={projectId} conversationId={conversationId} settings={settings} controls={controls} />
            )}
          </div>
        </main>
        {filesShown && (
          <div className={styles.files}>
            <FilePanel projectId={projectId} path={file} onOpen={(path) => navigate(links.withFile(here, path))} onClose={() => navigate(here)} />
          </div>
        )}
      </div>
    </FileLinks>
  );
}

function focus(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}
