import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo, useSyncExternalStore } from "react";
import { filesQuery } from "@/api/files";
import { formatCount } from "@/shared/lib/format";
import { type ResultPlace, type Route, links } from "@/shared/lib/links";
import { navigate } from "@/shared/lib/navigation";
import { useDocumentTitle } from "@/shared/lib/useDocumentTitle";
import { FileLinks, type FileLinksValue } from "@/shared/markdown/fileLinks";
import { ResultLinks } from "@/shared/markdown/resultLinks";
import { ChatPane } from "@/features/chat/components/ChatPane";
import { NewChatPane } from "@/features/chat/components/NewChatPane";
import { useSessions } from "@/features/chat/chatContext";
import { ResultSlots, type ResultSlotsValue } from "@/features/chat/resultSlots";
import { conversationsQuery } from "@/features/conversations/api/conversations";
import { FilePanel } from "@/features/files/components/FilePanel";
import { ResourceList } from "@/features/resources/components/ResourceList";
import { ChartInThread } from "@/features/results/components/ChartInThread";
import { NumbersOfTurn } from "@/features/results/components/NumbersOfTurn";
import { ResultLink } from "@/features/results/components/ResultLink";
import { ResultsInThread } from "@/features/results/components/ResultsInThread";
import { ResultNavigation, type ResultNavigationValue } from "@/features/results/resultNavigation";
import { ModeChip } from "@/features/workspace/components/ModeChip";
import { ModelChip } from "@/features/workspace/components/ModelChip";
import { SettingsChip } from "@/features/workspace/components/SettingsChip";
import { ChatHeader } from "../components/ChatHeader";
import { Gone } from "../components/Gone";
import { ProjectFrame } from "../components/ProjectFrame";
import { ResultAside } from "../components/ResultAside";
import { useResults } from "../hooks/useResults";
import { useShortcuts } from "../hooks/useShortcuts";
import { useTurnSettings } from "../hooks/useTurnSettings";
import styles from "./ProjectPage.module.css";

const MAX_TITLE_CHARS = 200;

type ProjectRoute = Extract<Route, { page: "project" }>;

export function ProjectPage({ route, onHelp }: { route: ProjectRoute; onHelp: () => void }) {
  const { projectId, conversationId, file, files: filesShown, result } = route;
  const sessions = useSessions();
  const conversations = useInfiniteQuery(conversationsQuery(projectId));
  const files = useQuery(filesQuery(projectId));
  const conversation = conversations.data?.find((entry) => entry.id === conversationId);
  const [settings, setSettings] = useTurnSettings(projectId, conversationId, conversation?.settings);
  const title = conversationId === null ? "New conversation" : (conversation?.title ?? "Conversation");
  useDocumentTitle(title);

  const here = conversationId === null ? links.project(projectId) : links.conversation(projectId, conversationId);
  const toggleFiles = (): void => navigate(filesShown ? here : links.withFile(here, null));
  const session = conversationId === null ? null : sessions.get(projectId, conversationId);
  const state = useSyncExternalStore(session?.store.subscribe ?? never, session?.store.get ?? none);

  useShortcuts({
    newChat: () => navigate(links.project(projectId)),
    files: () => {
      toggleFiles();
      // By keyboard one goes where one looks.
      requestAnimationFrame(() => document.querySelector<HTMLElement>(filesShown ? "[data-composer]" : "[data-files]")?.focus());
    },
    compose: () => document.querySelector<HTMLElement>("[data-composer]")?.focus(),
  });

  const { navigation, full, setFull } = useResults(here);
  const onBegun = (begun: string): void => {
    if (begun === conversationId) session?.load().catch(() => undefined);
  };

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
      <ModeChip settings={settings} onChange={setSettings} />
      <SettingsChip settings={settings} onChange={setSettings} />
      <ModelChip settings={settings} onChange={setSettings} />
    </>
  );
  const onDeleted = (id: string): void => {
    sessions.forget(id);
    if (id === conversationId) navigate(links.project(projectId), { replace: true });
  };

  return (
    <PageContexts fileLinks={fileLinks} navigation={navigation}>
      <ProjectFrame
        projectId={projectId}
        conversationId={conversationId}
        onHelp={onHelp}
        onDeleted={onDeleted}
        {...(filesShown && {
          aside: (
            <FilePanel
              projectId={projectId}
              path={file}
              onOpen={(path) => navigate(links.withFile(here, path))}
              onClose={() => navigate(here)}
              below={<ResourceList projectId={projectId} />}
            />
          ),
        })}
        {...(result !== null && {
          wide: true,
          covered: full,
          aside: (
            <ResultAside
              place={result}
              full={full}
              onFull={setFull}
              onOpen={(id) => navigation.open({ id, row: null, column: null })}
              onBegun={onBegun}
              onClose={() => {
                setFull(false);
                navigate(here);
              }}
            />
          ),
        })}
      >
        {(sidebar) => (
          <>
            <ChatHeader
              title={wholeTitle(title, state?.view.turns[0]?.message ?? "")}
              isHeading={conversationId !== null && state?.phase !== "missing"}
              sidebarShown={sidebar.beside}
              filesShown={filesShown}
              fileCount={files.data === undefined ? null : `${formatCount(files.data.files.length)}${files.data.truncated ? "+" : ""}`}
              onSidebar={sidebar.toggle}
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
              ) : state?.phase === "missing" ? (
                <Gone title="This conversation does not exist" onward={{ href: links.project(projectId), label: "Start a new one" }}>
                  It may have been deleted. The project’s files and its other conversations are still here.
                </Gone>
              ) : (
                <ChatPane
                  key={conversationId}
                  projectId={projectId}
                  conversationId={conversationId}
                  settings={settings}
                  onSettings={setSettings}
                  controls={controls}
                />
              )}
            </div>
          </>
        )}
      </ProjectFrame>
    </PageContexts>
  );
}

interface PageContextsProps {
  fileLinks: FileLinksValue;
  navigation: ResultNavigationValue;
  children: ReactNode;
}

/** What answers and calls need to open what they name. */
function PageContexts({ fileLinks, navigation, children }: PageContextsProps) {
  return (
    <FileLinks value={fileLinks}>
      <ResultNavigation value={navigation}>
        <ResultLinks value={drawResultLink}>
          <ResultSlots value={resultSlots}>{children}</ResultSlots>
        </ResultLinks>
      </ResultNavigation>
    </FileLinks>
  );
}

const drawResultLink = (place: ResultPlace, children: ReactNode): ReactNode => <ResultLink place={place}>{children}</ResultLink>;
const resultSlots: ResultSlotsValue = { Results: ResultsInThread, Chart: ChartInThread, Numbers: NumbersOfTurn };

const never = (): (() => void) => () => undefined;
const none = (): null => null;

/** The host keeps the beginning of the first message; where there is room, and the message is here, its first line. */
function wholeTitle(title: string, message: string): string {
  const start = title.replace(/(?:…|\.{3})$/, "").trimEnd();
  const line = message.trim().replaceAll(/\s+/g, " ").slice(0, MAX_TITLE_CHARS);
  return start !== title && line.startsWith(start) ? line : title;
}
