import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import type { ResultColumn } from "@/api/types";
import { messageOf } from "@/api/problem";
import { formatCount } from "@/shared/lib/format";
import { distinctQuery } from "../api/column";
import { type Cell, formatCell } from "../model/cells";
import type { Condition } from "../model/view";
import styles from "./ColumnMenu.module.css";

interface ValuePickerProps {
  id: string;
  place: number;
  column: ResultColumn;
  filter: Condition | null;
  chosen: readonly Cell[];
  onChange: (chosen: readonly Cell[]) => void;
}

/** The most frequent values of a column, to choose among. */
export function ValuePicker({ id, place, column, filter, chosen, onChange }: ValuePickerProps) {
  const [search, setSearch] = useState("");
  const asked = useDeferredValue(search);
  const values = useQuery({ ...distinctQuery(id, place, asked, filter), placeholderData: keepPreviousData });
  const { data } = values;
  const listed = data?.values ?? [];
  // What was chosen stays in sight, whatever is searched for.
  const absent = chosen.filter((value) => !listed.some((entry) => entry.value === value));
  const entries = [...absent.map((value) => ({ value, count: null })), ...listed];
  return (
    <>
      <input
        type="search"
        className={styles.search}
        aria-label="Search values"
        placeholder="Search values"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      {values.isError && <p className={styles.bad}>{messageOf(values.error)}</p>}
      <ul className={styles.values} aria-label="Values" aria-busy={values.isFetching}>
        {entries.map(({ value, count }) => (
          <li key={value === null ? "null" : `= ${typeof value} ${value}`}>
            <label>
              <input
                type="checkbox"
                checked={chosen.includes(value)}
                onChange={(event) => onChange(event.target.checked ? [...chosen, value] : chosen.filter((each) => each !== value))}
              />
              <span>
                {value === null ? <i className={styles.none}>NULL</i> : value === "" ? <i className={styles.none}>empty</i> : formatCell(value, column)}
              </span>
              {count !== null && <span className={styles.count}>{formatCount(count)}</span>}
            </label>
          </li>
        ))}
      </ul>
      {data !== undefined && (
        <p className={styles.note}>
          {data.complete ? `${formatCount(data.distinct)} different` : `More than ${formatCount(data.distinct)} different; counts are of those that came first`}
          {listed.length < data.distinct && search === "" ? `, the ${listed.length} most frequent are shown` : ""}
        </p>
      )}
    </>
  );
}
