import { messageOf } from "@/api/problem";
import type { Project } from "@/api/types";
import { plural } from "@/shared/lib/format";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { Name } from "@/shared/ui/Name";
import { toast } from "@/shared/ui/toast";
import { useDeleteProject } from "../api/mutations";

export function DeleteProject({ project, onClose }: { project: Project; onClose: () => void }) {
  const remove = useDeleteProject();
  return (
    <ConfirmDialog
      title="Delete project?"
      confirmLabel="Delete project"
      pending={remove.isPending}
      error={remove.isError ? messageOf(remove.error) : null}
      onConfirm={() =>
        remove.mutate(project.id, {
          onSuccess: () => {
            toast("Project deleted");
            onClose();
          },
        })
      }
      onClose={onClose}
    >
      <p>
        <strong>
          <Name text={project.name} />
        </strong>{" "}
        goes with {project.conversation_count === 0 ? "its files" : `its ${plural(project.conversation_count, "conversation")} and all its files`}. This cannot
        be undone. Tables in your workspace stay.
      </p>
    </ConfirmDialog>
  );
}
