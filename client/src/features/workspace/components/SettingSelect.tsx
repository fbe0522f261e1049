import { useId } from "react";
import form from "@/shared/ui/Form.module.css";
import styles from "./WorkspaceSettings.module.css";

interface SettingSelectProps {
  label: string;
  /** What it means when nothing is chosen. */
  unset: string;
  value: string;
  options: readonly { value: string; label: string }[];
  loading: boolean;
  disabled?: boolean;
  onChange: (value: string | null) => void;
}

export function SettingSelect({ label, unset, value, options, loading, disabled = false, onChange }: SettingSelectProps) {
  const id = useId();
  // What is set stays selectable although the workspace does not list it (any more).
  const missing = value !== "" && !options.some((option) => option.value === value);
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={form.label}>
        {label}
      </label>
      <select
        id={id}
        className={form.select}
        value={value}
        disabled={disabled}
        onChange={(event) => onChange(event.target.value === "" ? null : event.target.value)}
      >
        <option value="">{loading ? "Loading…" : unset}</option>
        {missing && <option value={value}>{loading ? value : `${value} (not listed)`}</option>}
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </div>
  );
}
