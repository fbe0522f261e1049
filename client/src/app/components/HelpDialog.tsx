import { useSyncExternalStore } from "react";
import { marksNumbers, setMarksNumbers } from "@/shared/markdown/numbers";
import { Dialog } from "@/shared/ui/Dialog";
import { Switch } from "@/shared/ui/Switch";
import { keyLabel, localKeys, shortcuts } from "../shortcuts";
import styles from "./HelpDialog.module.css";

const isMac = navigator.platform.startsWith("Mac");

export function HelpDialog({ onClose }: { onClose: () => void }) {
  const marks = useSyncExternalStore(marksNumbers.subscribe, marksNumbers.get);
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <dl className={styles.list}>
        {[...shortcuts, ...localKeys].map(({ keys, label }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              {keys.map((key, index) => (
                <kbd key={index}>{keyLabel(key, isMac)}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <div className={styles.more}>
        <Switch checked={marks} label="Mark numbers of answers that appear in no result" onChange={setMarksNumbers} />
      </div>
      <p className={styles.more}>
        The HTTP API is described at <a href="/docs">/docs</a>.
      </p>
    </Dialog>
  );
}
