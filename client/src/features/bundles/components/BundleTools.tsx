import { navigate } from "@/shared/lib/navigation";
import { plainName } from "@/shared/lib/plainSight";
import { links } from "@/shared/lib/links";
import { useRoute } from "@/shared/lib/navigation";
import { Button, buttonClass } from "@/shared/ui/Button";
import { Icon } from "@/shared/ui/Icon";
import { archiveUrl } from "../api/queries";
import { useBundle } from "../bundleContext";
import styles from "./Bundles.module.css";

/** For which target the bundle is looked at, and what is done with all of it. */
export function BundleTools({ checking, onCheck }: { checking: boolean; onCheck: () => void }) {
  const { projectId, bundle, which, config } = useBundle();
  const route = useRoute();
  const known = which.target === null || config.targets.some(({ name }) => name === which.target);
  const choose = (target: string): void => {
    const at = route.page === "bundles" && route.at !== null && route.at !== "new" ? route.at : { tab: null, file: null, line: null };
    navigate(links.bundle(projectId, bundle.folder, { ...at, target: target === "" ? null : target }), { replace: true });
  };
  return (
    <div className={styles.tools}>
      <label className={styles.target}>
        <span>Target</span>
        <select value={which.target ?? ""} onChange={(event) => choose(event.target.value)}>
          {which.target === null && <option value="">Default</option>}
          {!known && which.target !== null && <option value={which.target}>{plainName(which.target)} (not in the files)</option>}
          {config.targets.map(({ name, isProduction, isDefault }) => (
            <option key={name} value={name}>
              {plainName(name)}
              {isProduction ? " · production" : isDefault ? " · default" : ""}
            </option>
          ))}
        </select>
      </label>
      <Button icon="refresh" disabled={checking} onClick={onCheck}>
        Check again
      </Button>
      <a className={buttonClass({}, undefined)} href={archiveUrl(projectId, bundle.folder)} download>
        <Icon name="download" size={17} />
        Download ZIP
      </a>
    </div>
  );
}
