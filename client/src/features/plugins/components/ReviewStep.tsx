import { useEffect, useRef, useState } from "react";
import { formatBytes, plural, sentence } from "@/shared/lib/format";
import { SafeLink } from "@/shared/markdown/SafeLink";
import { Button } from "@/shared/ui/Button";
import form from "@/shared/ui/Form.module.css";
import { Notice } from "@/shared/ui/Notice";
import { Segmented } from "@/shared/ui/Segmented";
import type { Inspection, Plugin } from "../api/types";
import { isHarmless } from "../model/grants";
import { shortDigest } from "../model/words";
import { DiffView } from "./DiffView";
import { GrantScope } from "./GrantScope";
import styles from "./Install.module.css";
import { PluginIcon } from "./PluginIcon";
import { RequestChoices } from "./RequestChoices";
import { SignatureNotice } from "./SignatureNotice";
import { ToolEntry } from "./ToolEntry";

export interface Decision {
  /** Replaces the installed one of this name rather than coming beside it. */
  updates: boolean;
  scope: "everyone" | "me";
  grants: string[];
  /** Only there; `null`: in every project. */
  projectId: string | null;
}

interface ReviewStepProps {
  inspection: Inspection;
  /** What it takes the place of, where that is known from the start. */
  replaces?: Plugin;
  mayInstallForEveryone: boolean;
  projectId: string | null;
  pending: boolean;
  error: string | null;
  onDecide: (decision: Decision) => void;
  onBack: () => void;
}

/** What it is, who vouches for it, what it brings and what it asks for. */
export function ReviewStep({ inspection, replaces, mayInstallForEveryone, projectId, pending, error, onDecide, onBack }: ReviewStepProps) {
  const refused = inspection.refusals.length > 0;
  const installed = inspection.installed ?? null;
  const wrong = replaces !== undefined && replaces.name !== inspection.name;
  const [scope, setScope] = useState<"everyone" | "me">("me");
  const updates = replaces !== undefined || (installed !== null && installed.scope === (scope === "everyone" ? "everyone" : "mine"));
  const diff = updates ? inspection.diff : null;
  const requests = diff?.added ?? inspection.requests;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(
    () => new Set(installed === null ? inspection.requests.filter(isHarmless).map((request) => request.id) : []),
  );
  const grants = requests.filter((request) => chosen.has(request.id));
  const [inProject, setInProject] = useState(projectId !== null);
  const top = useRef<HTMLDivElement>(null);
  // The step replaced what had the focus: reading starts at its top.
  useEffect(() => top.current?.focus(), []);
  return (
    <div className={styles.form}>
      <div ref={top} tabIndex={-1} className={styles.identity}>
        <PluginIcon plugin={{ name: inspection.name, has_icon: false }} large />
        <div>
          <p className={styles.nameLine}>
            <strong>{inspection.name}</strong> <span>{inspection.version}</span>
          </p>
          <p>{inspection.description}</p>
          <p className={styles.hint}>
            {[inspection.authors.join(", "), inspection.licence, formatBytes(inspection.size_bytes)].filter((part) => part !== "").join(" · ")}
            {inspection.homepage != null && (
              <>
                {" · "}
                <SafeLink href={inspection.homepage}>Homepage</SafeLink>
              </>
            )}
          </p>
          <p className={styles.hint} title={inspection.digest}>
            <code>{shortDigest(inspection.digest)}</code>
          </p>
        </div>
      </div>
      <SignatureNotice signature={inspection.signature} brief={inspection.warnings.length > 0 || refused} />
      {(refused || wrong) && (
        <Notice tone="bad" title="This host does not install it">
          <ul className={styles.refusals}>
            {wrong && <li>{`It is another plugin: ${inspection.name}, not ${replaces.name}. Add it as a new one instead.`}</li>}
            {inspection.refusals.map((refusal) => (
              <li key={refusal}>{sentence(refusal)}</li>
            ))}
          </ul>
        </Notice>
      )}
      {inspection.warnings.length > 0 && (
        <Notice tone="warn">
          <ul className={styles.refusals}>
            {inspection.warnings.map((warning) => (
              <li key={warning}>{sentence(warning)}</li>
            ))}
          </ul>
        </Notice>
      )}
      {updates && installed !== null && (
        <Notice tone="info">
          {installed.version === inspection.version
            ? `${inspection.name} ${installed.version} is installed already; this package takes its place.`
            : `It takes the place of ${installed.version}, which stays at hand to go back to.`}{" "}
          {diff != null && diff.added.length === 0 && "It asks for nothing new."}
        </Notice>
      )}
      {diff != null && <DiffView diff={diff} />}
      <section aria-label="Tools" className={styles.toolList}>
        <h3>{plural(inspection.tools.length, "tool")} for the agent</h3>
        <ul>
          {inspection.tools.map((tool) => (
            <ToolEntry key={tool.name} tool={tool} />
          ))}
        </ul>
      </section>
      {!refused && !wrong && requests.length > 0 && (
        <RequestChoices
          title={diff == null ? "It asks to" : "It newly asks to"}
          requests={requests}
          chosen={new Set(grants.map((request) => request.id))}
          onChange={setChosen}
        />
      )}
      {inspection.requests.length === 0 && <p className={styles.hint}>It asks for nothing: it reaches neither the network nor your files.</p>}
      {!refused && !wrong && (
        <div className={styles.options}>
          {mayInstallForEveryone && replaces === undefined && (
            <div className={styles.option}>
              <span>Install it for</span>
              <Segmented
                label="Install it for"
                value={scope}
                options={[
                  { value: "me", label: "Me" },
                  { value: "everyone", label: "Everyone" },
                ]}
                onChange={setScope}
              />
            </div>
          )}
          {projectId !== null && requests.length > 0 && <GrantScope inProject={inProject} onChange={setInProject} />}
        </div>
      )}
      {error !== null && (
        <Notice tone="bad" title="Nothing was installed">
          {error}
        </Notice>
      )}
      <div className={`${form.actions ?? ""} ${styles.sticky ?? ""}`}>
        <Button icon="arrowLeft" onClick={onBack}>
          Back
        </Button>
        {!refused && !wrong && (
          <Button
            variant="primary"
            disabled={pending}
            onClick={() => onDecide({ updates, scope, grants: grants.map((request) => request.id), projectId: inProject ? projectId : null })}
          >
            {pending ? (updates ? "Updating…" : "Installing…") : `${updates ? "Update" : "Install"}${giving(grants.length, requests.length)}`}
          </Button>
        )}
      </div>
    </div>
  );
}

/** The button says what pressing it gives. */
function giving(count: number, asked: number): string {
  if (asked === 0) return "";
  if (count === 0) return ", give nothing";
  return count === asked ? `, give ${asked === 1 ? "it" : `all ${asked}`}` : `, give ${count} of ${asked}`;
}
