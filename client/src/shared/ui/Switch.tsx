import { cx } from "@/shared/lib/cx";
import styles from "./Switch.module.css";

interface SwitchProps {
  checked: boolean;
  /** What is on when it is on. */
  label: string;
  /** Read aloud only: the words beside the switch say it to the eye. */
  labelHidden?: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
}

/** On or off, at once: no form is sent afterwards. */
export function Switch({ checked, label, labelHidden = false, disabled = false, onChange }: SwitchProps) {
  return (
    <label className={styles.switch}>
      <input type="checkbox" role="switch" aria-checked={checked} checked={checked} disabled={disabled} onChange={(event) => onChange(event.target.checked)} />
      <span className={cx(labelHidden && "visually-hidden")}>{label}</span>
    </label>
  );
}
