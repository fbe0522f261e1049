import { useId } from "react";
import { cx } from "@/shared/lib/cx";
import styles from "./Segmented.module.css";

interface SegmentedProps<T extends string> {
  /** What is chosen; read aloud. */
  label: string;
  value: T;
  options: readonly { value: T; label: string; /** Stands out when chosen. */ strong?: boolean }[];
  disabled?: boolean;
  onChange: (value: T) => void;
}

/** One of a few, all of them in view. Radio buttons to the keyboard and to a screen reader. */
export function Segmented<T extends string>({ label, value, options, disabled = false, onChange }: SegmentedProps<T>) {
  const name = useId();
  return (
    <div role="radiogroup" aria-label={label} className={styles.group}>
      {options.map((option) => (
        <label key={option.value} className={cx(styles.option, option.strong === true && styles.strong)}>
          <input type="radio" name={name} value={option.value} checked={option.value === value} disabled={disabled} onChange={() => onChange(option.value)} />
          <span>{option.label}</span>
        </label>
      ))}
    </div>
  );
}
