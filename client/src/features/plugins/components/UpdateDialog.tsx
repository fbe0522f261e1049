import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { messageOf } from "@/api/problem";
import { useDialogText } from "@/shared/lib/dialogText";
import { Dialog } from "@/shared/ui/Dialog";
import { Skeleton } from "@/shared/ui/Skeleton";
import { toast } from "@/shared/ui/toast";
import { useUpdate } from "../api/mutations";
import { pluginsQuery } from "../api/plugins";
import type { Inspection, Plugin } from "../api/types";
import { updateWords } from "../model/words";
import { ReviewStep } from "./ReviewStep";
import { SourceStep } from "./SourceStep";

/** Replaces one plugin by another package of it: choose, see what changes, decide. */
export function UpdateDialog({ plugin, projectId, onClose }: { plugin: Plugin; projectId: string | null; onClose: () => void }) {
  const [source, setSource] = useDialogText({ dialog: "update-plugin", of: plugin.id }, "");
  const [inspection, setInspection] = useState<Inspection | null>(null);
  const policy = useQuery(pluginsQuery(projectId)).data?.policy;
  const update = useUpdate(plugin.id);
  return (
    <Dialog title={inspection === null ? `Update ${plugin.name}` : `Update ${plugin.name} to ${inspection.version}?`} size="medium" onClose={onClose}>
      {policy === undefined && <Skeleton lines={4} label="Loading" />}
      {policy !== undefined && inspection === null && (
        <SourceStep policy={policy} source={source} onSource={setSource} onInspected={setInspection} onClose={onClose} />
      )}
      {inspection !== null && (
        <ReviewStep
          key={inspection.staged}
          inspection={inspection}
          replaces={plugin}
          mayInstallForEveryone={false}
          projectId={projectId}
          pending={update.isPending}
          error={update.error === null ? null : messageOf(update.error)}
          onDecide={({ grants, projectId: only }) =>
            update.mutate(
              { staged: inspection.staged, accept: { grants, ...(only === null ? {} : { project_id: only }) } },
              {
                onSuccess: (answer) => {
                  toast(updateWords(answer));
                  onClose();
                },
              },
            )
          }
          onBack={() => setInspection(null)}
        />
      )}
    </Dialog>
  );
}
