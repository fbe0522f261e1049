import { Dialog } from "@/shared/ui/Dialog";
import { keyLabel, localKeys, shortcuts } from "../shortcuts";
import styles from "./HelpDialog.module.css";

const isMac = navigator.platform.startsWith("Mac");

export function HelpDialog({ onClose }: { onClose: () => void }) {
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
      <p className={styles.more}>
        The HTTP API is described at <a href="/docs">/docs</a>.
      </p>
    </Dialog>
  );
}
