import { ResultTable } from "@/shared/table/ResultTable";
import { type TableData, asObjectTable, asTable } from "@/shared/table/tableData";
import { Code } from "@/shared/ui/Code";
import { asRecord } from "../model/describeTool";
import type { ToolResult } from "../model/view";
import styles from "./ToolCard.module.css";

/** A result in its best form: tables as tables, JSON pretty-printed, everything else as the text the model read. */
export function ToolOutput({ result }: { result: ToolResult }) {
  const tables = tablesOf(result.structured);
  if (tables.length > 0) {
    return (
      <div className={styles.tables}>
        {tables.map(({ label, data }) => (
          <ResultTable key={label} data={data} label={label} />
        ))}
      </div>
    );
  }
  const text = pretty(result);
  return text === "" ? <p className={styles.nothing}>No output</p> : <Code code={text} language={text.startsWith("{") || text.startsWith("[") ? "json" : ""} label="result" bounded />;
}

interface LabelledTable {
  label: string;
  data: TableData;
}

/** One table, a table per statement of a script, or a list of objects. */
export function tablesOf(structured: unknown): LabelledTable[] {
  const single = asTable(structured);
  if (single !== null) return single.columns.length === 0 ? [] : [{ label: "Result", data: single }];
  const list = asObjectTable(structured);
  if (list !== null) return [{ label: "Result", data: list }];
  return Object.entries(asRecord(structured)).flatMap(([name, value]) => {
    const objects = asObjectTable(value);
    if (objects !== null) return [{ label: name, data: objects }];
    if (!Array.isArray(value)) return [];
    return value.flatMap((entry: unknown, index) => {
      const data = asTable(entry) ?? asTable(asRecord(entry)["result"]) ?? asTable(asRecord(entry)["rows"]);
      return data === null || data.columns.length === 0 ? [] : [{ label: `Statement ${index + 1}`, data }];
    });
  });
}

function pretty({ structured, content }: ToolResult): string {
  if (structured !== null && structured !== undefined && typeof structured === "object") return JSON.stringify(structured, null, 2);
  try {
    const parsed: unknown = JSON.parse(content);
    return typeof parsed === "object" ? JSON.stringify(parsed, null, 2) : content;
  } catch {
    return content;
  }
}
