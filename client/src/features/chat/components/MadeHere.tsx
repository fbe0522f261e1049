import { Name } from "@/shared/ui/Name";
import type { ToolResult } from "../model/view";
import styles from "./MadeHere.module.css";

/** What a call made at the workspace, each with the place where people see it, and what goes on there without it. */
export function MadeHere({ result: { made, operations } }: { result: ToolResult }) {
  if (made.length === 0 && operations.length === 0) return null;
  return (
    <ul className={styles.made} aria-label="At the workspace">
      {made.map(({ type, id, name, link, whole }) => (
        <li key={`${type}/${id}`}>
          {whole ? "Made" : "May have half made"} the {type.replaceAll("_", " ")}{" "}
          {link === null ? (
            <Name text={name} />
          ) : (
            <a href={link} target="_blank" rel="noopener noreferrer" title={link}>
              <Name text={name} />
            </a>
          )}
        </li>
      ))}
      {operations.map((id) => (
        <li key={id}>Goes on at the workspace</li>
      ))}
    </ul>
  );
}
