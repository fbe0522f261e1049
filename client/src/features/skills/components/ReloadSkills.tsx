import { useState } from "react";
import { messageOf } from "@/api/problem";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import form from "@/shared/ui/Form.module.css";
import { Notice } from "@/shared/ui/Notice";
import { useReloadSkills } from "../api/mutations";

/** Copies the host's skills into the project again. What was edited stays, unless one says otherwise. */
export function ReloadSkills({ projectId }: { projectId: string }) {
  const reload = useReloadSkills(projectId);
  const [open, setOpen] = useState(false);
  const close = (): void => {
    setOpen(false);
    reload.reset();
  };
  const kept = reload.data?.kept ?? [];
  return (
    <>
      <Button
        icon="refresh"
        disabled={reload.isPending}
        onClick={() => {
          setOpen(true);
          reload.mutate(false);
        }}
      >
        Reload
      </Button>
      {open && (
        <Dialog title="Skills of this host" onClose={close}>
          <div className={form.text} role="status">
            {reload.isPending && "Copying…"}
            {reload.data?.message}
            {kept.length > 0 && <p>Edited here: {kept.join(", ")}.</p>}
          </div>
          {reload.isError && <Notice tone="bad">{messageOf(reload.error)}</Notice>}
          <div className={form.actions}>
            {kept.length > 0 && (
              <Button variant="danger" disabled={reload.isPending} onClick={() => reload.mutate(true)}>
                Give up those changes
              </Button>
            )}
            <Button data-autofocus onClick={close}>
              Close
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
