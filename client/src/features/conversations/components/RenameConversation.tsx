import { messageOf } from "@/api/problem";
import type { ConversationSummary } from "@/api/types";
import { NameDialog } from "@/shared/ui/NameDialog";
import { useRenameConversation } from "../api/mutations";

export function RenameConversation({ conversation, onClose }: { conversation: ConversationSummary; onClose: () => void }) {
  const rename = useRenameConversation(conversation.project_id);
  return (
    <NameDialog
      place={{ dialog: "rename-conversation", of: conversation.id }}
      title="Rename conversation"
      label="Title"
      initial={conversation.title}
      action="Rename"
      pending={rename.isPending}
      error={rename.isError ? messageOf(rename.error) : null}
      onSubmit={(title) => rename.mutate({ id: conversation.id, title }, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
