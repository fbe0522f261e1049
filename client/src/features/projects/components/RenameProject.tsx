import { messageOf } from "@/api/problem";
import type { Project } from "@/api/types";
import { NameDialog } from "@/shared/ui/NameDialog";
import { useRenameProject } from "../api/mutations";

export function RenameProject({ project, onClose }: { project: Project; onClose: () => void }) {
  const rename = useRenameProject();
  return (
    <NameDialog
      place={{ dialog: "rename-project", of: project.id }}
      title="Rename project"
      label="Name"
      initial={project.name}
      action="Rename"
      pending={rename.isPending}
      error={rename.isError ? messageOf(rename.error) : null}
      onSubmit={(name) => rename.mutate({ id: project.id, name }, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}
