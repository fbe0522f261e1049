import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { links } from "@/shared/lib/links";
import { navigate } from "@/shared/lib/navigation";
import { Skeleton } from "@/shared/ui/Skeleton";
import { pluginsQuery } from "../api/plugins";

interface PluginOfToolProps {
  tool: string;
  /** Which of its powers is meant, by its id. */
  power: string | null;
  projectId: string | null;
  /** Shown when no plugin has the tool any more. */
  otherwise: ReactNode;
}

/** Goes on to the plugin that has a tool. */
export function PluginOfTool({ tool, power, projectId, otherwise }: PluginOfToolProps) {
  const list = useQuery(pluginsQuery(projectId));
  const plugin = list.data?.plugins.find(({ tools }) => tools.some(({ name }) => name === tool));
  const href = plugin === undefined ? null : links.plugin(projectId, plugin.id, { power });
  // The address of the page lives outside the tree.
  useEffect(() => {
    if (href !== null) navigate(href, { replace: true });
  }, [href]);
  return list.isPending || href !== null ? <Skeleton lines={6} label="Looking for the plugin" /> : otherwise;
}
