import { useState } from "react";
import { plural } from "@/shared/lib/format";
import { plainName } from "@/shared/lib/plainSight";
import { Icon } from "@/shared/ui/Icon";
import { Link } from "@/shared/ui/Link";
import { Name } from "@/shared/ui/Name";
import { Notice } from "@/shared/ui/Notice";
import { Skeleton } from "@/shared/ui/Skeleton";
import { TaskGraph } from "@/shared/ui/TaskGraph";
import { placeIn, useBundle } from "../bundleContext";
import type { Job } from "../model/config";
import styles from "./Parts.module.css";

/** A bundle with more jobs than this shows one of them at a time. */
const MAX_JOBS = 6;

/** The jobs of the bundle with their tasks, as the files have them. */
export function TasksTab() {
  const { config, texts } = useBundle();
  const [chosen, setChosen] = useState("");
  const { jobs, broken } = config;
  const shown = jobs.length <= MAX_JOBS ? jobs : jobs.filter(({ key }) => key === (chosen === "" ? jobs[0]?.key : chosen));
  if (!texts.complete) return <Skeleton lines={6} label="Reading the files" />;
  return (
    <div className={styles.stack}>
      {broken.map(({ file, message }) => (
        <Notice key={file} tone="warn" title={`${plainName(file)} cannot be read`}>
          <Name text={message} />
        </Notice>
      ))}
      {jobs.length === 0 && (
        <div className={styles.none}>
          <Icon name="bundle" size={28} />
          <p>No job is described in the files of this bundle.</p>
        </div>
      )}
      {jobs.length > MAX_JOBS && (
        <label className={styles.choice}>
          <span>Job</span>
          <select value={chosen} onChange={(event) => setChosen(event.target.value)}>
            {jobs.map(({ key }) => (
              <option key={key} value={key}>
                {plainName(key)}
              </option>
            ))}
          </select>
        </label>
      )}
      {shown.map((job) => (
        <JobTasks key={`${job.file} ${job.key}`} job={job} />
      ))}
      {jobs.length > 0 && <p className={styles.meta}>As the files have them: variables are not filled in, and what a target changes is not in yet.</p>}
    </div>
  );
}

function JobTasks({ job }: { job: Job }) {
  const opened = useBundle();
  const { folder } = opened.bundle;
  const file = folder === "" ? job.file : `${folder}/${job.file}`;
  return (
    <section className={styles.card} aria-label={`Tasks of ${plainName(job.key)}`}>
      <header className={styles.cardHead}>
        <h2>
          <Name text={job.name} />
        </h2>
        <span className={styles.meta}>
          {plural(job.tasks.length, "task")} ·{" "}
          <Link href={placeIn(opened, { tab: "files", file })}>
            <Name text={job.file} />
          </Link>
        </span>
      </header>
      {job.tasks.length === 0 ? <p className={styles.meta}>It has no tasks.</p> : <TaskGraph label={`Tasks of ${plainName(job.key)}`} nodes={job.tasks} />}
    </section>
  );
}
