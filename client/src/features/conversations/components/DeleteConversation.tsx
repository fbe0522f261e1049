import { messageOf } from "@/api/problem";
import type { ConversationSummary } from "@/api/types";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { Name } from "@/shared/ui/Name";
import { toast } from "@/shared/ui/toast";
import { useDeleteConversation } from "../api/mutations";

interface DeleteConversationProps {
  conversation: ConversationSummary;
  onDeleted: () => void;
  onClose: () => void;
}

export function DeleteConversation({ conversation, onDeleted, onClose }: DeleteConversationProps) {
  const remove = useDeleteConversation(conversation.project_id);
  return (
    <ConfirmDialog
      title="Delete conversation?"
      confirmLabel="Delete conversation"
      pending={remove.isPending}
      error={remove.isError ? messageOf(remove.error) : null}
      onConfirm={() =>
        remove.mutate(conversation.id, {
          onSuccess: () => {
            toast("Conversation deleted");
            onDeleted();
            onClose();
          },
        })
      }
      onClose={onClose}
    >
      <p>
        <strong>
          <Name text={conversation.title} />
        </strong>{" "}
        is deleted for good. The project’s files stay.
      </p>
    </ConfirmDialog>
  );
}
