import { useEffect, useRef } from "react";
import { type Summary, newsOf } from "@/features/conversations/model/status";
import { links } from "@/shared/lib/links";
import { navigate } from "@/shared/lib/navigation";
import { notify } from "@/shared/lib/notify";
import { setTitleCount } from "@/shared/lib/useDocumentTitle";

/** Calls somebody who looks elsewhere: by a number before the window's title, and by a notification where that is allowed. */
export function useAttention(conversations: readonly Summary[]): void {
  const before = useRef<readonly Summary[] | null>(null);
  const waiting = conversations.filter((conversation) => conversation.state === "waiting").length;

  // The window's title lives outside the tree.
  useEffect(() => {
    setTitleCount(waiting);
    return () => setTitleCount(0);
  }, [waiting]);

  // A notification is of the world outside; what was so when the page came is no news.
  useEffect(() => {
    const news = before.current === null || before.current.length === 0 ? [] : newsOf(before.current, conversations);
    before.current = conversations;
    if (document.visibilityState === "visible") return;
    for (const { conversation, text } of news) {
      notify({
        title: conversation.title,
        text,
        tag: conversation.id,
        onPress: () => navigate(links.conversation(conversation.project_id, conversation.id)),
      });
    }
  }, [conversations]);
}
