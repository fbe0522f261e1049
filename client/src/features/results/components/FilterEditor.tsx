import { useState } from "react";
import type { ResultColumn } from "@/api/types";
import { Button } from "@/shared/ui/Button";
import { isNumber, isText, isTime } from "../model/cells";
import type { ColumnFilter, Comparison, Condition, TextTest } from "../model/view";
import styles from "./ColumnMenu.module.css";
import { ValuePicker } from "./ValuePicker";

interface FilterEditorProps {
  id: string;
  place: number;
  column: ResultColumn;
  /** What the other columns' filters let through. */
  others: Condition | null;
  filter: ColumnFilter | null;
  onChange: (filter: ColumnFilter | null) => void;
}

type Test = Comparison | TextTest | "between" | "is_null" | "is_not_null";

const words: Record<Test, string> = {
  contains: "contains",
  starts_with: "starts with",
  ends_with: "ends with",
  eq: "is",
  ne: "is not",
  lt: "is less than",
  le: "is at most",
  gt: "is more than",
  ge: "is at least",
  between: "is between",
  is_null: "is NULL",
  is_not_null: "is not NULL",
};

/** What can be asked of a column, by its type. */
function testsOf(column: ResultColumn): readonly Test[] {
  if (isText(column)) return ["contains", "starts_with", "ends_with", "eq", "ne", "is_null", "is_not_null"];
  if (isNumber(column) || isTime(column)) return ["ge", "le", "gt", "lt", "between", "eq", "ne", "is_null", "is_not_null"];
  return ["eq", "ne", "is_null", "is_not_null"];
}

/** A condition for one column, or a choice of its values. Written so that numbers of any length stay as they are. */
export function FilterEditor({ id, place, column, others, filter, onChange }: FilterEditorProps) {
  const [test, setTest] = useState<Test>(() => initialTest(filter) ?? testsOf(column)[0] ?? "eq");
  const [value, setValue] = useState(() => initialValue(filter, "from"));
  const [to, setTo] = useState(() => initialValue(filter, "to"));
  const needsValue = test !== "is_null" && test !== "is_not_null";
  const trouble = needsValue && value !== "" ? troubleWith(value, column) : null;
  const isReady = !needsValue || ((value !== "" || isText(column)) && trouble === null && (test !== "between" || to !== ""));
  return (
    <div className={styles.filter}>
      <form
        className={styles.condition}
        aria-label="Filter"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) onChange(filterFrom(test, value, to, column));
        }}
      >
        <select aria-label="Condition" value={test} onChange={(event) => setTest(event.target.value as Test)}>
          {testsOf(column).map((each) => (
            <option key={each} value={each}>
              {words[each]}
            </option>
          ))}
        </select>
        {needsValue && <Field label={test === "between" ? "From" : "Value"} column={column} value={value} onChange={setValue} />}
        {test === "between" && <Field label="To" column={column} value={to} onChange={setTo} />}
        {trouble !== null && <p className={styles.bad}>{trouble}</p>}
        <Button type="submit" size="s" disabled={!isReady}>
          Filter
        </Button>
        {filter !== null && (
          <Button size="s" variant="quiet" onClick={() => onChange(null)}>
            Clear
          </Button>
        )}
      </form>
      <ValuePicker
        id={id}
        place={place}
        column={column}
        filter={others}
        chosen={filter?.kind === "values" ? filter.values : []}
        onChange={(values) => onChange(values.length === 0 ? null : { kind: "values", values })}
      />
    </div>
  );
}

function Field({ label, column, value, onChange }: { label: string; column: ResultColumn; value: string; onChange: (value: string) => void }) {
  return (
    <input
      aria-label={label}
      value={value}
      placeholder={column.type === "date" ? "2024-01-31" : isTime(column) ? "2024-01-31 09:30" : label}
      inputMode={isNumber(column) ? "decimal" : "text"}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

function initialTest(filter: ColumnFilter | null): Test | null {
  switch (filter?.kind) {
    case "compare":
    case "text":
      return filter.op;
    case "between":
      return "between";
    case "null":
      return filter.is ? "is_null" : "is_not_null";
    default:
      return null;
  }
}

function initialValue(filter: ColumnFilter | null, end: "from" | "to"): string {
  switch (filter?.kind) {
    case "compare":
    case "text":
      return end === "from" ? String(filter.value) : "";
    case "between":
      return String(filter[end]);
    default:
      return "";
  }
}

const numberLike = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$|^-?Infinity$|^NaN$/;

function troubleWith(value: string, column: ResultColumn): string | null {
  if (isNumber(column) && !numberLike.test(value.trim())) return "Write a number, with a point and without separators.";
  if (isTime(column) && !/^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}.*)?$/.test(value.trim())) return "Write a day as 2024-01-31, with a time as 2024-01-31 09:30.";
  return null;
}

function filterFrom(test: Test, value: string, to: string, column: ResultColumn): ColumnFilter {
  switch (test) {
    case "contains":
    case "starts_with":
    case "ends_with":
      return { kind: "text", op: test, value };
    case "is_null":
    case "is_not_null":
      return { kind: "null", is: test === "is_null" };
    case "between":
      return { kind: "between", from: asWritten(value, column), to: asWritten(to, column), inclusive: true };
    default:
      return { kind: "compare", op: test, value: asWritten(value, column) };
  }
}

/** A value in the host's form of its type. */
function asWritten(value: string, column: ResultColumn): string | boolean {
  const text = isText(column) ? value : value.trim();
  if (column.type === "boolean") return text.toLowerCase() === "true";
  if (column.type === "timestamp" || column.type === "timestamp_ntz") return wholeTime(text, column.type === "timestamp");
  return text;
}

/** "2024-01-31 09:30" as `2024-01-31T09:30:00Z`. */
function wholeTime(text: string, zoned: boolean): string {
  const [, day = text, time = "00:00", seconds = ":00", zone = ""] =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?(Z|[-+]\d{2}:?\d{2})?)?$/.exec(text) ?? [];
  return `${day}T${time}${seconds}${zoned ? (zone === "" ? "Z" : zone) : ""}`;
}
