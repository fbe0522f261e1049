import { useSyncExternalStore } from "react";
import { type Theme, setTheme, theme } from "@/shared/lib/theme";
import type { IconName } from "@/shared/ui/Icon";
import { IconButton } from "@/shared/ui/IconButton";

const next: Record<Theme, { theme: Theme; icon: IconName; label: string }> = {
  auto: { theme: "light", icon: "auto", label: "Theme: as the system. Switch to light" },
  light: { theme: "dark", icon: "sun", label: "Theme: light. Switch to dark" },
  dark: { theme: "auto", icon: "moon", label: "Theme: dark. Switch to the system’s" },
};

export function ThemeToggle() {
  const current = useSyncExternalStore(theme.subscribe, theme.get);
  const { theme: following, icon, label } = next[current];
  return <IconButton icon={icon} label={label} onClick={() => setTheme(following)} />;
}
