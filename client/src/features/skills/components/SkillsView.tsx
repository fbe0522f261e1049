import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { messageOf } from "@/api/problem";
import { useArrival } from "@/shared/lib/focus";
import { Button } from "@/shared/ui/Button";
import { Icon } from "@/shared/ui/Icon";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Notice } from "@/shared/ui/Notice";
import { Skeleton } from "@/shared/ui/Skeleton";
import { useEnableSkills } from "../api/mutations";
import { skillsQuery } from "../api/skills";
import { matches, switched } from "../model/words";
import { ReloadSkills } from "./ReloadSkills";
import { SkillRow } from "./SkillRow";
import styles from "./Skills.module.css";
import { UploadSkill } from "./UploadSkill";

/** Fewer than this are seen at a glance. */
const FILTER_FROM = 6;

/** The skills of a project: which there are, and which the agent is told of. */
export function SkillsView({ projectId }: { projectId: string }) {
  const list = useQuery(skillsQuery(projectId));
  const enable = useEnableSkills(projectId);
  const heading = useArrival<HTMLHeadingElement>();
  const [filter, setFilter] = useState("");
  const [adding, setAdding] = useState(false);
  const skills = list.data?.skills ?? [];
  // What was pressed shows at once; the host's answer is what counts.
  const wanted = enable.isPending ? enable.variables : undefined;
  const isOn = (name: string, enabled: boolean): boolean => (wanted === undefined ? enabled : wanted === null || wanted.includes(name));
  const shownSkills = skills.map((skill) => ({ ...skill, enabled: isOn(skill.name, skill.enabled) }));
  const shown = shownSkills.filter((skill) => matches(skill, filter));
  const on = shownSkills.filter((skill) => skill.enabled).length;
  return (
    <section className={styles.section} aria-labelledby="skills-title">
      <header className={styles.header}>
        <div>
          <h1 id="skills-title" ref={heading} tabIndex={-1}>
            Skills
          </h1>
          <p>Know-how for particular work. The agent reads one when a task fits it.</p>
        </div>
        <div className={styles.tools}>
          <ReloadSkills projectId={projectId} />
          <Button variant="primary" icon="upload" onClick={() => setAdding(true)}>
            Upload skill
          </Button>
        </div>
      </header>
      {list.isPending && <Skeleton lines={6} label="Loading skills" />}
      {list.isError && (
        <LoadFailure title="Skills could not be loaded" message={messageOf(list.error)} stale={list.data !== undefined} onRetry={() => void list.refetch()} />
      )}
      {enable.isError && <Notice tone="bad">{messageOf(enable.error)}</Notice>}
      {list.data !== undefined && skills.length === 0 && (
        <div className={styles.empty}>
          <Icon name="sparkle" size={30} />
          <h2>No skills here</h2>
          <p>A skill is a folder with a SKILL.md. Upload one as a ZIP archive, or reload those of this host.</p>
        </div>
      )}
      {skills.length > 0 && (
        <>
          <div className={styles.bar}>
            {skills.length >= FILTER_FROM && (
              <div className={styles.filter} role="search">
                <Icon name="search" size={16} />
                <input
                  type="search"
                  aria-label="Filter skills"
                  placeholder="Name or purpose"
                  value={filter}
                  onChange={(event) => setFilter(event.target.value)}
                />
              </div>
            )}
            <span className={styles.count} role="status">
              {on} of {skills.length} on
            </span>
            <Button size="s" disabled={on === skills.length} onClick={() => enable.mutate(null)}>
              All on
            </Button>
            <Button size="s" disabled={on === 0} onClick={() => enable.mutate([])}>
              All off
            </Button>
          </div>
          {shown.length === 0 && <p className={styles.none}>Nothing matches “{filter.trim()}”.</p>}
          {shown.length > 0 && (
            <ul className={styles.rows} aria-label="Skills">
              {shown.map((skill) => (
                <SkillRow key={skill.name} skill={skill} projectId={projectId} onSwitch={(value) => enable.mutate(switched(shownSkills, skill.name, value))} />
              ))}
            </ul>
          )}
        </>
      )}
      {list.data !== undefined && list.data.warnings.length > 0 && (
        <Notice tone="warn" title="Some skills are odd">
          <ul className={styles.warnings}>
            {list.data.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </Notice>
      )}
      {adding && <UploadSkill projectId={projectId} onClose={() => setAdding(false)} />}
    </section>
  );
}
