import { useEffect, useRef } from "react";
import { cx } from "@/shared/lib/cx";
import { Badge } from "@/shared/ui/Badge";
import { Segmented } from "@/shared/ui/Segmented";
import { Switch } from "@/shared/ui/Switch";
import type { Given, PowerRequest } from "../api/types";
import styles from "./Powers.module.css";
import { RequestWords } from "./RequestWords";

const states: Record<Given, string> = { everywhere: "Given for every project", project: "Given for this project", no: "Not given" };

const choices = [
  { value: "no", label: "Not given" },
  { value: "project", label: "This project", strong: true },
  { value: "everywhere", label: "Every project", strong: true },
] as const;

/** Whom a person may decide for: everybody's plugin is given everywhere by who manages it only. */
export type MayGive = "everywhere" | "project" | "nowhere";

interface RequestRowProps {
  request: PowerRequest;
  projectId: string | null;
  mayGive: MayGive;
  /** Somebody came for this one, because a call was refused it. */
  meant: boolean;
  onChange: (given: Given) => void;
}

export function RequestRow({ request, projectId, mayGive, meant, onChange }: RequestRowProps) {
  const row = useRef<HTMLLIElement>(null);
  // Whoever followed a link to this power finds the focus here, and not at the top of a long list.
  useEffect(() => {
    if (!meant) return;
    row.current?.scrollIntoView({ block: "center" });
    row.current?.focus({ preventScroll: true });
  }, [meant]);
  // Taking back what was given here needs nobody's leave.
  const here = projectId !== null && ((mayGive === "project" && request.given !== "everywhere") || (mayGive === "nowhere" && request.given === "project"));
  const options = mayGive === "everywhere" ? choices : choices.filter(({ value }) => value !== "everywhere");
  const editable = mayGive === "everywhere" || here;
  return (
    <li ref={row} className={cx(styles.row, meant && styles.meant)} tabIndex={meant ? -1 : undefined} aria-current={meant ? true : undefined}>
      <RequestWords request={request}>
        {meant && request.given === "no" && (
          <Badge tone="warn" icon="warning">
            a call was refused this
          </Badge>
        )}
      </RequestWords>
      {!editable && <Badge tone={request.given === "no" ? "neutral" : "good"}>{states[request.given]}</Badge>}
      {editable && projectId === null && (
        <Switch checked={request.given === "everywhere"} label={`Give: ${request.words}`} labelHidden onChange={(on) => onChange(on ? "everywhere" : "no")} />
      )}
      {editable && projectId !== null && <Segmented label={request.words} value={request.given} options={options} onChange={onChange} />}
    </li>
  );
}
