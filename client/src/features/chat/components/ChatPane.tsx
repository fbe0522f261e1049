import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useMemo } from "react";
import type { TurnSettings } from "@/api/types";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Notice } from "@/shared/ui/Notice";
import { Skeleton } from "@/shared/ui/Skeleton";
import { toast } from "@/shared/ui/toast";
import { toolsQuery } from "../api/tools";
import { ChatContext, type ChatContextValue } from "../chatContext";
import { useDraft } from "../hooks/useDraft";
import { useQueue } from "../hooks/useQueue";
import { useSend } from "../hooks/useSend";
import { useSession } from "../hooks/useSession";
import { useStop } from "../hooks/useStop";
import { Announcer } from "./Announcer";
import { ApprovalDock } from "./ApprovalDock";
import { ChatFrame } from "./ChatFrame";
import { Composer } from "./Composer";
import { ConnectionNotice } from "./ConnectionNotice";
import { ContextMeter } from "./ContextMeter";
import { QueuedMessages } from "./QueuedMessages";
import { SendFailure } from "./SendFailure";
import { StandingPermissions } from "./StandingPermissions";
import { Thread } from "./Thread";
import { TodoPanel } from "./TodoPanel";

/** What the host says of a tool that no plugin brought. */
const BUILT_IN = "built-in";

interface ChatPaneProps {
  projectId: string;
  conversationId: string;
  settings: TurnSettings;
  onSettings: (settings: TurnSettings) => void;
  /** Choices shown under the composer's text. */
  controls: ReactNode;
}

/** One conversation: what was said, and where to say more. */
export function ChatPane({ projectId, conversationId, settings, onSettings, controls }: ChatPaneProps) {
  const { session, state } = useSession(projectId, conversationId);
  const [draft, setDraft] = useDraft(conversationId);
  const tools = useQuery(toolsQuery());
  const queue = useQueue(conversationId);
  const send = useSend({
    projectId,
    conversationId,
    settings,
    onAccepted: (_, { queuedId, insteadOf }) => {
      if (queuedId !== undefined) queue.drop(queuedId);
      else if (insteadOf === undefined) setDraft("");
    },
  });
  const stop = useStop(session);
  const running = state.executionId !== null;

  const { mutate } = send;
  const chat = useMemo<ChatContextValue>(
    () => ({
      projectId,
      conversationId,
      session,
      send: (message) => mutate({ message }),
      sendInsteadOf: (executionId, message) => {
        if (session.store.get().executionId === null) mutate({ message, insteadOf: executionId });
        else toast("The agent still works: stop it first");
      },
      pluginOf: (name) => {
        const source = tools.data?.find((tool) => tool.name === name)?.source;
        return source === undefined || source === BUILT_IN ? null : source;
      },
      onMode: (mode) => onSettings({ ...settings, permission_mode: mode }),
    }),
    [projectId, conversationId, session, mutate, tools.data, settings, onSettings],
  );
  const next = queue.waiting[0];
  const last = state.view.turns.at(-1)?.status;
  // A message follows a turn that went well by itself; after a stop or a failure its writer may think otherwise.
  const isDue = next !== undefined && state.phase === "ready" && !running && last === "completed" && send.isIdle;
  useEffect(() => {
    if (isDue) mutate({ message: next.text, queuedId: next.id });
  }, [isDue, next, mutate]);
  const say = (message: string): void => {
    if (!running) mutate({ message });
    else if (queue.add(message)) setDraft("");
    else toast("More messages cannot wait: send these first, or put them into one");
  };
  const edit = (id: string): void => {
    const text = queue.waiting.find((entry) => entry.id === id)?.text ?? "";
    queue.drop(id);
    setDraft(draft.trim() === "" ? text : `${text}\n\n${draft}`);
    document.querySelector<HTMLElement>("[data-composer]")?.focus();
  };
  const history = useMemo(() => state.view.turns.map((turn) => turn.message).filter((message) => message !== ""), [state.view.turns]);

  return (
    <ChatContext value={chat}>
      <ChatFrame
        thread={
          <Thread state={state}>
            {state.phase === "loading" && state.view.turns.length === 0 && <Skeleton lines={7} label="Loading the conversation" />}
            {state.phase === "failed" && (
              <LoadFailure
                title="The conversation could not be loaded"
                message={state.error ?? ""}
                stale={state.view.turns.length > 0}
                onRetry={() => void session.load()}
              />
            )}
            {state.phase === "missing" && (
              <Notice tone="bad" title="This conversation does not exist">
                It may have been deleted. Choose another one, or start a new one.
              </Notice>
            )}
          </Thread>
        }
      >
        <ConnectionNotice connection={state.connection} session={session} />
        <Announcer view={state.view} />
        <TodoPanel view={state.view} />
        <ApprovalDock view={state.view} />
        <QueuedMessages
          queue={queue}
          running={running || send.isPending}
          onSend={(id) => mutate({ message: queue.waiting.find((entry) => entry.id === id)?.text ?? "", queuedId: id })}
          onEdit={edit}
        />
        {send.isError && <SendFailure error={send.error} onRetry={() => mutate({ message: draft.trim() })} canRetry={draft.trim() !== "" && !running} />}
        {state.phase !== "missing" && (
          <Composer
            value={draft}
            onChange={setDraft}
            onSend={say}
            onStop={stop}
            running={running}
            stopping={state.stopping !== null}
            sending={send.isPending}
            history={history}
            placeholder={running ? "Write the next message…" : "Ask a follow-up…"}
          >
            <StandingPermissions />
            <ContextMeter view={state.view} running={running} />
            {controls}
          </Composer>
        )}
      </ChatFrame>
    </ChatContext>
  );
}
