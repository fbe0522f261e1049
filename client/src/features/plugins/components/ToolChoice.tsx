import { useQuery } from "@tanstack/react-query";
import { messageOf } from "@/api/problem";
import { toolChoiceQuery, useSetToolChoice } from "../api/toolChoice";
import { type Chosen, chosenOf, withChoice } from "../model/toolChoice";
import styles from "./ToolChoice.module.css";

const words: readonly { value: Chosen; label: string }[] = [
  { value: "usual", label: "As usual" },
  { value: "pinned", label: "Always offered" },
  { value: "hidden", label: "Hidden" },
];

interface ToolChoiceProps {
  projectId: string;
  /** The tool's full name, or the family's. */
  name: string;
  label: string;
}

/** How one project has a tool, or all of a family: offered to the agent as usual, always, or not at all. */
export function ToolChoice({ projectId, name, label }: ToolChoiceProps) {
  const choice = useQuery(toolChoiceQuery(projectId));
  const set = useSetToolChoice(projectId);
  if (choice.data === undefined) return null;
  const shown = set.isPending ? set.variables : choice.data;
  return (
    <span className={styles.root}>
      <select
        className={styles.select}
        aria-label={`${label} in this project`}
        value={chosenOf(shown, name)}
        onChange={(event) => set.mutate(withChoice(shown, name, event.target.value as Chosen))}
      >
        {words.map(({ value, label: text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      {set.isError && (
        <span role="alert" className={styles.error}>
          {messageOf(set.error)}
        </span>
      )}
    </span>
  );
}
