import { Segmented } from "@/shared/ui/Segmented";
import styles from "./Install.module.css";

const choices = [
  { value: "all", label: "Every project" },
  { value: "project", label: "This project" },
] as const;

/** Where what is ticked applies. */
export function GrantScope({ inProject, onChange }: { inProject: boolean; onChange: (inProject: boolean) => void }) {
  return (
    <div className={styles.option}>
      <span>Give it for</span>
      <Segmented label="Give it for" value={inProject ? "project" : "all"} options={choices} onChange={(value) => onChange(value === "project")} />
    </div>
  );
}
