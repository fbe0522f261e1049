import { useState } from "react";
import { messageOf } from "@/api/problem";
import { cx } from "@/shared/lib/cx";
import { links } from "@/shared/lib/links";
import { Badge } from "@/shared/ui/Badge";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { IconButton } from "@/shared/ui/IconButton";
import { Link } from "@/shared/ui/Link";
import { Name } from "@/shared/ui/Name";
import { Switch } from "@/shared/ui/Switch";
import { useRemoveSkill } from "../api/mutations";
import type { Skill } from "../api/types";
import { canRemove, originWord } from "../model/words";
import styles from "./Skills.module.css";

interface SkillRowProps {
  skill: Skill;
  projectId: string;
  onSwitch: (on: boolean) => void;
}

/** One skill: what it is for, whose it is, and its switch. */
export function SkillRow({ skill, projectId, onSwitch }: SkillRowProps) {
  const [removing, setRemoving] = useState(false);
  const remove = useRemoveSkill(projectId);
  const origin = originWord(skill);
  const isOwn = !skill.copied;
  return (
    <li className={cx(styles.row, !skill.enabled && styles.off)}>
      <Link href={links.skill(projectId, `${skill.name}/SKILL.md`)} className={styles.rowLink}>
        <span className={styles.line}>
          <span className={styles.name}>
            <Name text={skill.name} />
          </span>
          {origin !== null && <Badge>{origin}</Badge>}
        </span>
        <span className={styles.description}>
          <Name text={skill.description} />
        </span>
        {skill.families.length > 0 && <span className={styles.meta}>Its tools go with it: {skill.families.join(", ")}</span>}
        {skill.allowed_tools !== null && <span className={styles.meta}>Asks for {skill.allowed_tools}; nothing is allowed by that</span>}
        {skill.warnings.map((warning) => (
          <span key={warning} className={styles.problem}>
            {warning}
          </span>
        ))}
      </Link>
      <div className={styles.side}>
        {canRemove(skill) && (
          <IconButton
            icon={isOwn ? "trash" : "undo"}
            label={isOwn ? `Remove ${skill.name}` : `Give up the changes of ${skill.name}`}
            size="s"
            onClick={() => setRemoving(true)}
          />
        )}
        <Switch checked={skill.enabled} label={skill.name} labelHidden onChange={onSwitch} />
      </div>
      {removing && (
        <ConfirmDialog
          title={isOwn ? `Remove ${skill.name}?` : `Give up the changes of ${skill.name}?`}
          confirmLabel={isOwn ? "Remove" : "Give up changes"}
          pendingLabel="Removing…"
          pending={remove.isPending}
          error={remove.isError ? messageOf(remove.error) : null}
          onConfirm={() => remove.mutate(skill.name, { onSuccess: () => setRemoving(false) })}
          onClose={() => setRemoving(false)}
        >
          {isOwn ? "Its files are deleted from this project." : "What was changed in this project is deleted; the skill is as the host has it again."}
        </ConfirmDialog>
      )}
    </li>
  );
}
