import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Problem, messageOf } from "@/api/problem";
import { keys } from "@/api/keys";
import { sentence } from "@/shared/lib/format";
import { links } from "@/shared/lib/links";
import { navigate } from "@/shared/lib/navigation";
import { useDocumentTitle } from "@/shared/lib/useDocumentTitle";
import { Link } from "@/shared/ui/Link";
import { Icon } from "@/shared/ui/Icon";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Notice } from "@/shared/ui/Notice";
import { Skeleton } from "@/shared/ui/Skeleton";
import { type Tab, Tabs } from "@/shared/ui/Tabs";
import { pluginQuery } from "../api/plugin";
import type { Plugin, PluginList } from "../api/types";
import { AboutTab } from "./AboutTab";
import { ActivityTab } from "./ActivityTab";
import { DetailHeader } from "./DetailHeader";
import { PendingPanel } from "./PendingPanel";
import styles from "./PluginDetail.module.css";
import { PowersTab } from "./PowersTab";
import { ToolsTab } from "./ToolsTab";

const tabIds = ["powers", "tools", "activity", "about"] as const;
type TabId = (typeof tabIds)[number];

interface PluginDetailProps {
  pluginId: string;
  projectId: string | null;
  tab: string | null;
  /** The power that one came for, by its id. */
  power?: string | null;
  /** Where one chooses for which project the page speaks. */
  children?: ReactNode;
}

export function PluginDetail({ pluginId, projectId, tab, power = null, children }: PluginDetailProps) {
  const client = useQueryClient();
  const query = useQuery({
    ...pluginQuery(pluginId, projectId),
    // The list holds the same document: what is known is shown while it is asked for again.
    placeholderData: () => client.getQueryData<PluginList>(keys.pluginList(projectId))?.plugins.find((plugin) => plugin.id === pluginId),
  });
  // What is gone is not shown any more; what could not be asked for again still is.
  const gone = query.error instanceof Problem && query.error.status === 404;
  const shown = gone ? undefined : query.data;
  useDocumentTitle(shown?.name ?? "Plugin");
  return (
    <section className={styles.section}>
      <div className={styles.top}>
        <Link href={links.plugins(projectId)} className={styles.back}>
          <Icon name="arrowLeft" size={15} />
          Plugins
        </Link>
        {children}
      </div>
      {query.isPending && <Skeleton lines={7} label="Loading the plugin" />}
      {gone && <Gone projectId={projectId} />}
      {query.isError && !gone && (
        <LoadFailure title="The plugin could not be loaded" message={messageOf(query.error)} stale={shown !== undefined} onRetry={() => void query.refetch()} />
      )}
      {shown !== undefined && <Loaded plugin={shown} projectId={projectId} tab={tab} power={power} />}
    </section>
  );
}

function Gone({ projectId }: { projectId: string | null }) {
  return (
    <Notice tone="info" title="This plugin is not here" actions={<Link href={links.plugins(projectId)}>Go to the list</Link>}>
      It was removed, or it belongs to somebody else.
    </Notice>
  );
}

function Loaded({ plugin, projectId, tab, power }: { plugin: Plugin; projectId: string | null; tab: string | null; power: string | null }) {
  const selected = tabIds.find((id) => id === tab) ?? "powers";
  const tabs: readonly Tab<TabId>[] = [
    { id: "powers", label: "Powers", count: plugin.requests.length },
    { id: "tools", label: "Tools", count: plugin.tools.length },
    { id: "activity", label: "Activity" },
    { id: "about", label: "About" },
  ];
  return (
    <>
      <DetailHeader plugin={plugin} projectId={projectId} />
      {plugin.problem != null && plugin.problem !== "" && (
        <Notice tone={plugin.status === "failing" ? "bad" : "info"} {...(plugin.status === "failing" && { title: "It is failing" })}>
          {sentence(plugin.problem)}
        </Notice>
      )}
      {plugin.pending != null && <PendingPanel key={plugin.pending.digest} plugin={plugin} pending={plugin.pending} projectId={projectId} />}
      <Tabs
        label={`About ${plugin.name}`}
        tabs={tabs}
        selected={selected}
        onSelect={(id) => navigate(links.plugin(projectId, plugin.id, { tab: id }), { replace: true })}
      >
        {selected === "powers" && <PowersTab plugin={plugin} projectId={projectId} meant={power} />}
        {selected === "tools" && <ToolsTab plugin={plugin} projectId={projectId} />}
        {selected === "activity" && <ActivityTab plugin={plugin} />}
        {selected === "about" && <AboutTab plugin={plugin} />}
      </Tabs>
    </>
  );
}
