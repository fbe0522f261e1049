import { Code } from "@/shared/ui/Code";
import { asRecord } from "@/shared/lib/record";
import styles from "./ToolArguments.module.css";

const sqlFields = new Set(["statement", "sql", "sql_query", "sql_content", "script", "query"]);

interface ToolArgumentsProps {
  input: unknown;
  /** Names of those that are shown elsewhere. */
  except?: readonly string[];
}

/** Arguments as a person would write them: SQL as SQL, long text as text, the rest as names and values. */
export function ToolArguments({ input, except }: ToolArgumentsProps) {
  const entries = Object.entries(asRecord(input)).filter(([name, value]) => value !== null && value !== undefined && except?.includes(name) !== true);
  if (entries.length === 0) return null;
  const short = entries.filter((entry) => !isLong(entry));
  return (
    <div className={styles.arguments}>
      {entries.filter(isLong).map(([name, value]) => (
        <Code key={name} code={String(value)} language={languageOf(name, input)} label={name} bounded />
      ))}
      {short.length > 0 && (
        <dl className={styles.fields}>
          {short.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

function isLong([name, value]: [string, unknown]): boolean {
  return typeof value === "string" && (sqlFields.has(name) || value.includes("\n") || value.length > 100);
}

function languageOf(field: string, input: unknown): string {
  if (sqlFields.has(field)) return "sql";
  const path = asRecord(input)["file_path"];
  return typeof path === "string" ? (path.split(".").at(-1) ?? "") : "";
}
