import { type ReactNode } from "react";
import type { TurnSettings } from "@/api/types";
import { useDraft } from "../hooks/useDraft";
import { useSend } from "../hooks/useSend";
import { ChatFrame } from "./ChatFrame";
import { Composer } from "./Composer";
import { EmptyChat } from "./EmptyChat";
import styles from "./NewChatPane.module.css";
import { SendFailure } from "./SendFailure";

interface NewChatPaneProps {
  projectId: string;
  settings: TurnSettings;
  controls: ReactNode;
  /** The first message made a conversation. */
  onCreated: (conversationId: string) => void;
}

/** A conversation that begins with its first message. */
export function NewChatPane({ projectId, settings, controls, onCreated }: NewChatPaneProps) {
  const [draft, setDraft] = useDraft(`new.${projectId}`);
  const send = useSend({
    projectId,
    conversationId: null,
    settings,
    onAccepted: (conversationId) => {
      setDraft("");
      onCreated(conversationId);
    },
  });
  const pick = (message: string): void => {
    setDraft(message);
    send.mutate({ message });
  };
  return (
    <ChatFrame
      thread={
        <div className={styles.scroll}>
          <EmptyChat onPick={pick} disabled={send.isPending} />
        </div>
      }
    >
      {send.isError && <SendFailure error={send.error} onRetry={() => send.mutate({ message: draft.trim() })} canRetry={draft.trim() !== ""} />}
      <Composer
        value={draft}
        onChange={setDraft}
        onSend={(message) => send.mutate({ message })}
        onStop={() => undefined}
        running={false}
        stopping={false}
        sending={send.isPending}
        history={[]}
        placeholder="Ask about your data…"
      >
        {controls}
      </Composer>
    </ChatFrame>
  );
}
