import { plural, sentence } from "@/shared/lib/format";
import { Badge } from "@/shared/ui/Badge";
import { Disclosure } from "@/shared/ui/Disclosure";
import { Name } from "@/shared/ui/Name";
import { Notice } from "@/shared/ui/Notice";
import type { Plan, PlannedResource } from "../api/types";
import { actionWords } from "../model/words";
import styles from "./Parts.module.css";
import { Worded } from "./Worded";

/** The gravest first: what is lost is not found below what is only changed. */
const order = ["delete", "recreate", "update", "create"] as const;

/** More fields than this are shown when somebody asks. */
const MAX_FIELDS = 8;

/** What a plan does, resource by resource. */
export function PlanView({ plan }: { plan: Plan }) {
  const { resources, refusals, warnings, uploads, deleted_files: deletedFiles } = plan;
  const groups = order.map((action) => ({ action, resources: resources.filter((resource) => resource.action === action) }));
  const same = resources.filter(({ action }) => action === "skip");
  const drifted = same.filter(({ drift }) => drift.length > 0);
  const nothing = groups.every((group) => group.resources.length === 0) && uploads === 0 && deletedFiles === 0;
  return (
    <>
      {refusals.length > 0 && (
        <Notice tone="bad" title="It cannot be carried out as it is">
          <Lines texts={refusals} />
        </Notice>
      )}
      {warnings.length > 0 && (
        <Notice tone="warn" title="To know before">
          <Lines texts={warnings} />
        </Notice>
      )}
      {nothing && refusals.length === 0 && <Notice tone="info">There is nothing to do: the workspace is as the bundle says.</Notice>}
      {groups.map((group) => group.resources.length > 0 && <Group key={group.action} action={group.action} resources={group.resources} />)}
      {drifted.length > 0 && <Group action="skip" title="Changed by others, and left as it is" resources={drifted} />}
      {(uploads > 0 || deletedFiles > 0) && (
        <p className={styles.files}>
          {[uploads > 0 && `${plural(uploads, "file")} uploaded`, deletedFiles > 0 && `${plural(deletedFiles, "file")} deleted`]
            .filter((part) => part !== false)
            .join(", ")}{" "}
          in <Name text={plan.root_path} />
        </p>
      )}
      {same.length > drifted.length && (
        <Disclosure summary={`${plural(same.length - drifted.length, "resource")} unchanged`}>
          <ul className={styles.resources} aria-label="Unchanged">
            {same
              .filter(({ drift }) => drift.length === 0)
              .map((resource) => (
                <PlannedRow key={resource.key} resource={resource} />
              ))}
          </ul>
        </Disclosure>
      )}
    </>
  );
}

function Lines({ texts }: { texts: readonly string[] }) {
  const [only] = texts;
  if (texts.length === 1 && only !== undefined) return <Worded text={sentence(only)} />;
  return (
    <ul className={styles.bullets}>
      {texts.map((text) => (
        <li key={text}>
          <Worded text={sentence(text)} />
        </li>
      ))}
    </ul>
  );
}

function Group({ action, title, resources }: { action: PlannedResource["action"]; title?: string; resources: readonly PlannedResource[] }) {
  const { word, tone } = actionWords[action];
  const named = title ?? word;
  return (
    <section className={styles.card} aria-label={named}>
      <header className={styles.cardHead}>
        <h2>{named}</h2>
        <Badge tone={tone}>{resources.length}</Badge>
      </header>
      <ul className={styles.resources}>
        {resources.map((resource) => (
          <PlannedRow key={resource.key} resource={resource} />
        ))}
      </ul>
    </section>
  );
}

function PlannedRow({ resource }: { resource: PlannedResource }) {
  const { key, action, note, changes, drift } = resource;
  const { sign, tone } = actionWords[action];
  return (
    <li className={styles.resource}>
      <span className={styles[tone]} aria-hidden="true">
        {sign}
      </span>
      <div>
        <p className={styles.key}>
          <Name text={key} />
        </p>
        {note !== null && (
          <p className={styles.meta}>
            <Worded text={sentence(note)} />
          </p>
        )}
        {action !== "create" && <Fields label="Changed fields" fields={changes} />}
        <Fields label="Changed by others" fields={drift} />
      </div>
    </li>
  );
}

function Fields({ label, fields }: { label: string; fields: readonly string[] }) {
  if (fields.length === 0) return null;
  return (
    <div className={styles.fields}>
      <span className={styles.meta}>{label}:</span>
      {fields.slice(0, MAX_FIELDS).map((field) => (
        <code key={field}>
          <Name text={field} />
        </code>
      ))}
      {fields.length > MAX_FIELDS && (
        <Disclosure summary={`${fields.length - MAX_FIELDS} more`}>
          {fields.slice(MAX_FIELDS).map((field) => (
            <code key={field}>
              <Name text={field} />
            </code>
          ))}
        </Disclosure>
      )}
    </div>
  );
}
