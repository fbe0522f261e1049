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
  onChange: (given: Given) => void;
}

export function RequestRow({ request, projectId, mayGive, onChange }: RequestRowProps) {
  // Taking back what was given here needs nobody's leave.
  const here = projectId !== null && ((mayGive === "project" && request.given !== "everywhere") || (mayGive === "nowhere" && request.given === "project"));
  const options = mayGive === "everywhere" ? choices : choices.filter(({ value }) => value !== "everywhere");
  const editable = mayGive === "everywhere" || here;
  return (
    <li className={styles.row}>
      <RequestWords request={request} />
      {!editable && <Badge tone={request.given === "no" ? "neutral" : "good"}>{states[request.given]}</Badge>}
      {editable && projectId === null && (
        <Switch checked={request.given === "everywhere"} label={`Give: ${request.words}`} labelHidden onChange={(on) => onChange(on ? "everywhere" : "no")} />
      )}
      {editable && projectId !== null && <Segmented label={request.words} value={request.given} options={options} onChange={onChange} />}
    </li>
  );
}
