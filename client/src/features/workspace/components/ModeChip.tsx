import { useQuery } from "@tanstack/react-query";
import { cx } from "@/shared/lib/cx";
import { asMode, modes } from "@/shared/lib/modes";
import { Icon } from "@/shared/ui/Icon";
import { type Settings, modeChoice } from "../api/modes";
import { meQuery } from "../api/workspace";
import styles from "./ModeChip.module.css";

/** How much the agent may do without asking, from the next message on. */
export function ModeChip({ settings, onChange }: { settings: Settings; onChange: (settings: Settings) => void }) {
  const me = useQuery(meQuery());
  const choice = modeChoice(me.data, settings);
  if (choice === null) return null;
  const { current, allowed } = choice;
  const says = modes.find(({ mode }) => mode === current)?.says;
  return (
    <label className={cx(styles.chip, current === "run_all" && styles.loose)} title={says}>
      <Icon name="shield" size={15} />
      <span className="visually-hidden">Permission mode</span>
      <select value={current} disabled={allowed.length < 2} onChange={(event) => onChange({ ...settings, permission_mode: asMode(event.target.value) })}>
        {modes
          .filter(({ mode }) => allowed.includes(mode))
          .map(({ mode, label }) => (
            <option key={mode} value={mode}>
              {label}
            </option>
          ))}
      </select>
    </label>
  );
}
