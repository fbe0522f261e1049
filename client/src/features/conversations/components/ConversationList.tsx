import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Problem, messageOf } from "@/api/problem";
import type { ConversationSummary } from "@/api/types";
import { leftOpen } from "@/shared/lib/dialogText";
import { Icon } from "@/shared/ui/Icon";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { ShowOlder } from "@/shared/ui/ShowOlder";
import { Skeleton } from "@/shared/ui/Skeleton";
import { conversationsQuery } from "../api/conversations";
import styles from "./ConversationList.module.css";
import { ConversationRow } from "./ConversationRow";
import { DeleteConversation } from "./DeleteConversation";
import { NotifyMe } from "./NotifyMe";
import { RenameConversation } from "./RenameConversation";

interface ConversationListProps {
  projectId: string;
  activeId: string | null;
  onDeleted: (conversationId: string) => void;
}

type Open = { dialog: "rename"; id: string } | { dialog: "delete"; conversation: ConversationSummary } | null;

/** A title that was being written when the page was left. */
function openedAgain(): Open {
  const id = leftOpen("rename-conversation");
  return id === null ? null : { dialog: "rename", id };
}

export function ConversationList({ projectId, activeId, onDeleted }: ConversationListProps) {
  const conversations = useInfiniteQuery(conversationsQuery(projectId));
  const [filter, setFilter] = useState("");
  const [open, setOpen] = useState<Open>(openedAgain);
  const all = conversations.data ?? [];
  const renamed = open?.dialog === "rename" ? all.find((conversation) => conversation.id === open.id) : undefined;
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = all.filter((conversation) => words.every((word) => conversation.title.toLowerCase().includes(word)));

  return (
    <nav className={styles.nav} aria-label="Conversations">
      <div className={styles.top}>
        <label className={styles.search}>
          <Icon name="search" size={15} />
          <span className="visually-hidden">Search conversations</span>
          <input type="search" data-search value={filter} placeholder="Search conversations" onChange={(event) => setFilter(event.target.value)} />
        </label>
        <NotifyMe />
      </div>
      {conversations.isPending && <Skeleton lines={5} label="Loading conversations" />}
      {/* That the host does not answer is told beside the message. */}
      {conversations.isError && !(isUnreachable(conversations.error) && conversations.data !== undefined) && (
        <LoadFailure
          title="Conversations could not be loaded"
          message={messageOf(conversations.error)}
          stale={conversations.data !== undefined}
          onRetry={() => void conversations.refetch()}
        />
      )}
      {conversations.isSuccess && shown.length === 0 && (
        <p className={styles.none}>{all.length === 0 ? "No conversations yet." : `Nothing matches “${filter}”.`}</p>
      )}
      <ul className={styles.list}>
        {shown.map((conversation) => (
          <ConversationRow
            key={conversation.id}
            conversation={conversation}
            active={conversation.id === activeId}
            onRename={() => setOpen({ dialog: "rename", id: conversation.id })}
            onDelete={() => setOpen({ dialog: "delete", conversation })}
          />
        ))}
        {conversations.hasNextPage && (
          <li className={styles.more}>
            <ShowOlder list={conversations} />
          </li>
        )}
      </ul>
      {renamed !== undefined && <RenameConversation conversation={renamed} onClose={() => setOpen(null)} />}
      {open?.dialog === "delete" && (
        <DeleteConversation conversation={open.conversation} onDeleted={() => onDeleted(open.conversation.id)} onClose={() => setOpen(null)} />
      )}
    </nav>
  );
}

function isUnreachable(error: Error): boolean {
  return error instanceof Problem && error.status === 0;
}
