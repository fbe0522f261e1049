import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { filesQuery } from "@/api/files";
import { messageOf } from "@/api/problem";
import { plural } from "@/shared/lib/format";
import { Button } from "@/shared/ui/Button";
import form from "@/shared/ui/Form.module.css";
import { IconButton } from "@/shared/ui/IconButton";
import { Name } from "@/shared/ui/Name";
import { Notice } from "@/shared/ui/Notice";
import { useBegin } from "../api/begin";
import { commands } from "../api/tools";
import { type Pick, asPicks } from "../model/picker";
import { BUNDLE_NAME, nameOf } from "../model/words";
import styles from "./Picker.module.css";

interface MakeFormProps {
  projectId: string;
  picks: readonly Pick[];
  onRemove: (pick: Pick) => void;
}

const kinds: Record<Pick["kind"], string> = { jobs: "job", pipelines: "pipeline", files: "notebook or file", folders: "folder" };

/** What was picked, the name of the bundle, and the button that makes it. */
export function MakeForm({ projectId, picks, onRemove }: MakeFormProps) {
  const begin = useBegin(projectId);
  const files = useQuery(filesQuery(projectId));
  const field = useId();
  const hint = useId();
  const [written, setWritten] = useState<string | null>(null);
  const [first] = picks;
  const name = written ?? (first === undefined ? "" : nameOf(first.name));
  const isTaken = files.data?.files.some(({ path }) => path.startsWith(`${name}/`)) === true;
  const wrong =
    name === ""
      ? null
      : !BUNDLE_NAME.test(name)
        ? "Letters, digits, _ and -, beginning with a letter."
        : isTaken
          ? "The project has a folder of that name already. Choose another name; nothing there is replaced."
          : null;
  return (
    <form
      className={styles.form}
      aria-label="The bundle"
      onSubmit={(event) => {
        event.preventDefault();
        begin.mutate(commands.make(name, asPicks(picks)));
      }}
    >
      <h2 role="status">{picks.length === 0 ? "Nothing is picked yet" : `${plural(picks.length, "thing")} picked`}</h2>
      {picks.length === 0 && <p className={styles.meta}>Jobs come with the notebooks, jobs and pipelines that they run; a folder with all notebooks in it.</p>}
      {picks.length > 0 && (
        <ul className={styles.picks} aria-label="Picked">
          {picks.map((pick) => (
            <li key={`${pick.kind} ${pick.id}`}>
              <span>
                <Name text={pick.name} />
                <span className={styles.meta}>{kinds[pick.kind]}</span>
              </span>
              <IconButton icon="close" size="s" label={`Leave out ${pick.name}`} onClick={() => onRemove(pick)} />
            </li>
          ))}
        </ul>
      )}
      <div className={form.form}>
        <label className={form.label} htmlFor={field}>
          Name of the bundle
        </label>
        <input
          id={field}
          className={form.input}
          value={name}
          autoComplete="off"
          spellCheck={false}
          maxLength={100}
          aria-invalid={wrong !== null}
          aria-describedby={hint}
          onChange={(event) => setWritten(event.target.value)}
        />
        <p id={hint} className={wrong === null ? styles.meta : styles.wrong} role={wrong === null ? undefined : "alert"}>
          {wrong ?? "Its files go to the folder of this name."}
        </p>
      </div>
      {begin.isError && <Notice tone="bad">{messageOf(begin.error)}</Notice>}
      <Button type="submit" variant="primary" icon="bundle" disabled={picks.length === 0 || name === "" || wrong !== null || begin.isPending}>
        {begin.isPending ? "Beginning…" : "Make bundle"}
      </Button>
      <p className={styles.meta}>A conversation opens, where each step is told.</p>
    </form>
  );
}
