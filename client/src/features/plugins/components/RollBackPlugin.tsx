import { messageOf } from "@/api/problem";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { toast } from "@/shared/ui/toast";
import { useRollBack } from "../api/mutations";
import type { Plugin } from "../api/types";

export function RollBackPlugin({ plugin, onClose }: { plugin: Plugin; onClose: () => void }) {
  const rollBack = useRollBack(plugin.id);
  const target = plugin.previous?.version ?? "";
  return (
    <ConfirmDialog
      title={`Go back to ${target}?`}
      confirmLabel={`Go back to ${target}`}
      pendingLabel="Going back…"
      pending={rollBack.isPending}
      error={rollBack.isError ? messageOf(rollBack.error) : null}
      onConfirm={() =>
        rollBack.mutate(undefined, {
          onSuccess: ({ version }) => {
            toast(`${plugin.name} is ${version} again`);
            onClose();
          },
        })
      }
      onClose={onClose}
    >
      <p>
        New calls run {plugin.name} {target} instead of {plugin.version}; running ones finish as they began. It gets no power that it does not have now.
      </p>
    </ConfirmDialog>
  );
}
