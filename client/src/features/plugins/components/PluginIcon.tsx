import { useState } from "react";
import { cx } from "@/shared/lib/cx";
import { iconUrl } from "../api/plugin";
import type { Plugin } from "../api/types";
import styles from "./PluginIcon.module.css";

type Pictured = Pick<Plugin, "id" | "digest" | "name" | "has_icon">;

/** The plugin's own picture, or a brick with its first letter. The name stands beside it, so it is read by the eye only. */
export function PluginIcon({ plugin, large = false }: { plugin: Pictured | { name: string; has_icon: false }; large?: boolean }) {
  const [broken, setBroken] = useState(false);
  const size = large ? 52 : 40;
  return plugin.has_icon && !broken ? (
    <img className={cx(styles.icon, large && styles.large)} src={iconUrl(plugin)} alt="" width={size} height={size} onError={() => setBroken(true)} />
  ) : (
    <span className={cx(styles.icon, styles.letter, large && styles.large)} aria-hidden="true">
      {plugin.name.charAt(0).toUpperCase()}
    </span>
  );
}
