import { useState } from "react";
import { messageOf } from "@/api/problem";
import { useDialogText } from "@/shared/lib/dialogText";
import { links } from "@/shared/lib/links";
import { navigate } from "@/shared/lib/navigation";
import { Dialog } from "@/shared/ui/Dialog";
import { toast } from "@/shared/ui/toast";
import { useInstall, useUpdate } from "../api/mutations";
import type { Inspection, Policy } from "../api/types";
import { updateWords } from "../model/words";
import { ReviewStep, type Decision } from "./ReviewStep";
import { SourceStep } from "./SourceStep";

interface InstallDialogProps {
  policy: Policy;
  projectId: string | null;
  onClose: () => void;
}

/** Adds a plugin: choose a package, see what it is and what it asks for, decide. Nothing is installed before the end. */
export function InstallDialog({ policy, projectId, onClose }: InstallDialogProps) {
  const [source, setSource] = useDialogText({ dialog: "add-plugin", of: "" }, "");
  const [inspection, setInspection] = useState<Inspection | null>(null);
  return (
    <Dialog
      title={inspection === null ? "Add a plugin" : `${inspection.installed == null ? "Add" : "Update"} ${inspection.name}?`}
      size="medium"
      onClose={onClose}
    >
      {inspection === null ? (
        <SourceStep policy={policy} source={source} onSource={setSource} onInspected={setInspection} onClose={onClose} />
      ) : (
        <Review key={inspection.staged} inspection={inspection} policy={policy} projectId={projectId} onBack={() => setInspection(null)} onClose={onClose} />
      )}
    </Dialog>
  );
}

interface ReviewProps {
  inspection: Inspection;
  policy: Policy;
  projectId: string | null;
  onBack: () => void;
  onClose: () => void;
}

function Review({ inspection, policy, projectId, onBack, onClose }: ReviewProps) {
  const install = useInstall();
  const update = useUpdate(inspection.installed?.id ?? "");
  const done = (id: string, words: string): void => {
    toast(words);
    onClose();
    navigate(links.plugin(projectId, id));
  };
  const decide = ({ updates, scope, grants, projectId: only }: Decision): void => {
    const project = only === null ? {} : { project_id: only };
    if (updates) {
      update.mutate({ staged: inspection.staged, accept: { grants, ...project } }, { onSuccess: (answer) => done(answer.plugin.id, updateWords(answer)) });
    } else {
      install.mutate({ staged: inspection.staged, scope, grants, ...project }, { onSuccess: (plugin) => done(plugin.id, `${plugin.name} added`) });
    }
  };
  const error = install.error ?? update.error;
  return (
    <ReviewStep
      inspection={inspection}
      mayInstallForEveryone={policy.may_install_for_everyone}
      projectId={projectId}
      pending={install.isPending || update.isPending}
      error={error === null ? null : messageOf(error)}
      onDecide={decide}
      onBack={onBack}
    />
  );
}
