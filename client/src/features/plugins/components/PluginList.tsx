import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { messageOf } from "@/api/problem";
import { leftOpen } from "@/shared/lib/dialogText";
import { Button } from "@/shared/ui/Button";
import { Icon } from "@/shared/ui/Icon";
import { Notice } from "@/shared/ui/Notice";
import { LoadFailure } from "@/shared/ui/LoadFailure";
import { Skeleton } from "@/shared/ui/Skeleton";
import { pluginsQuery } from "../api/plugins";
import type { Plugin } from "../api/types";
import { useArrival } from "@/shared/lib/focus";
import { MAY_NOT_INSTALL, byNeed, matches } from "../model/words";
import { InstallDialog } from "./InstallDialog";
import styles from "./PluginList.module.css";
import { PluginRow } from "./PluginRow";
import { ProjectRules } from "./ProjectRules";

/** Fewer than this are seen at a glance. */
const FILTER_FROM = 6;

interface PluginListProps {
  projectId: string | null;
  /** Where one chooses for which project the page speaks. */
  children?: ReactNode;
}

export function PluginList({ projectId, children }: PluginListProps) {
  const list = useQuery(pluginsQuery(projectId));
  const heading = useArrival<HTMLHeadingElement>();
  const [filter, setFilter] = useState("");
  const [installing, setInstalling] = useState(() => leftOpen("add-plugin") !== null);
  const plugins = list.data?.plugins ?? [];
  const shown = plugins.filter((plugin) => matches(plugin, filter)).toSorted(byNeed);
  const added = shown.filter((plugin) => plugin.scope !== "shipped");
  const shipped = shown.filter((plugin) => plugin.scope === "shipped");
  const policy = list.data?.policy;
  const install = policy?.may_install === true && (
    <Button variant="primary" icon="plus" onClick={() => setInstalling(true)}>
      Add plugin
    </Button>
  );
  return (
    <section className={styles.section} aria-labelledby="plugins-title">
      <header className={styles.header}>
        <div>
          <h1 id="plugins-title" ref={heading} tabIndex={-1}>
            Plugins
          </h1>
          <p>
            {projectId === null
              ? "Tools for the agent. Each can do only what you give it."
              : "What the agent can use in this project. Each can do only what you give it."}
          </p>
        </div>
        <div className={styles.tools}>
          {children}
          {plugins.some((plugin) => plugin.scope !== "shipped") && install}
        </div>
      </header>
      {projectId !== null && <ProjectRules projectId={projectId} />}
      {list.isPending && <Skeleton lines={6} label="Loading plugins" />}
      {list.isError && (
        <LoadFailure title="Plugins could not be loaded" message={messageOf(list.error)} stale={list.data !== undefined} onRetry={() => void list.refetch()} />
      )}
      {plugins.length >= FILTER_FROM && (
        <div className={styles.filter} role="search">
          <Icon name="search" size={16} />
          <input type="search" aria-label="Filter plugins" placeholder="Name or tool" value={filter} onChange={(event) => setFilter(event.target.value)} />
        </div>
      )}
      {list.data !== undefined && (
        <>
          {filter.trim() !== "" && shown.length === 0 && <p className={styles.none}>Nothing matches “{filter.trim()}”.</p>}
          {added.length > 0 && <Group title="Added" plugins={added} projectId={projectId} />}
          {added.length === 0 && filter.trim() === "" && <Empty>{install}</Empty>}
          {shipped.length > 0 && <Group title="Shipped with Bricklayer" plugins={shipped} projectId={projectId} />}
          {policy?.may_install === false && (
            <Notice tone="info" title="You cannot add plugins on this host">
              {MAY_NOT_INSTALL}
            </Notice>
          )}
        </>
      )}
      {installing && policy !== undefined && <InstallDialog policy={policy} projectId={projectId} onClose={() => setInstalling(false)} />}
    </section>
  );
}

function Group({ title, plugins, projectId }: { title: string; plugins: readonly Plugin[]; projectId: string | null }) {
  return (
    <section className={styles.group} aria-label={title}>
      <h2>{title}</h2>
      <ul className={styles.rows}>
        {plugins.map((plugin) => (
          <PluginRow key={plugin.id} plugin={plugin} projectId={projectId} />
        ))}
      </ul>
    </section>
  );
}

function Empty({ children }: { children: ReactNode }) {
  return (
    <div className={styles.empty}>
      <span className={styles.emptyIcon}>
        <Icon name="plugin" size={30} />
      </span>
      <h2>No plugins added yet</h2>
      <p>A plugin gives the agent new tools. It comes as one file, asks for what it needs in plain words, and gets nothing else.</p>
      {children}
    </div>
  );
}
