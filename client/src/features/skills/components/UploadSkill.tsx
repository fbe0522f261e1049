import { useState } from "react";
import { Problem, messageOf } from "@/api/problem";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import form from "@/shared/ui/Form.module.css";
import { Notice } from "@/shared/ui/Notice";
import { useUploadSkill } from "../api/mutations";

/** Takes a skill in from an archive of its folder. */
export function UploadSkill({ projectId, onClose }: { projectId: string; onClose: () => void }) {
  const upload = useUploadSkill(projectId);
  const [file, setFile] = useState<File | null>(null);
  const isThere = upload.error instanceof Problem && upload.error.code === "skill-exists";
  const send = (replace: boolean): void => {
    if (file !== null) upload.mutate({ file, replace }, { onSuccess: onClose });
  };
  return (
    <Dialog title="Upload a skill" onClose={onClose}>
      <form
        className={form.form}
        onSubmit={(event) => {
          event.preventDefault();
          send(false);
        }}
      >
        <p className={form.text}>A ZIP archive of one folder with a SKILL.md. What it says is read by the agent as instructions: upload only what you trust.</p>
        <label className={form.label} htmlFor="skill-archive">
          Archive
        </label>
        <input
          id="skill-archive"
          data-autofocus
          type="file"
          accept=".zip,application/zip"
          className={form.input}
          onChange={(event) => {
            setFile(event.target.files?.[0] ?? null);
            upload.reset();
          }}
        />
        {upload.isError && <Notice tone="bad">{isThere ? "This project has a skill of that name already." : messageOf(upload.error)}</Notice>}
        <div className={form.actions}>
          <Button onClick={onClose}>Cancel</Button>
          {isThere ? (
            <Button variant="danger" disabled={upload.isPending} onClick={() => send(true)}>
              Replace it
            </Button>
          ) : (
            <Button type="submit" variant="primary" disabled={file === null || upload.isPending}>
              {upload.isPending ? "Uploading…" : "Upload"}
            </Button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
