import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useArrival } from "@/shared/lib/focus";
import { type BundlePlace, links } from "@/shared/lib/links";
import { navigate } from "@/shared/lib/navigation";
import { ButtonLink } from "@/shared/ui/ButtonLink";
import { Name } from "@/shared/ui/Name";
import { type Tab, Tabs } from "@/shared/ui/Tabs";
import { BundleContext, type OpenedBundle, placeIn } from "../bundleContext";
import { validationQuery } from "../api/queries";
import { useSeen } from "../hooks/useSeen";
import { useTexts } from "../hooks/useTexts";
import { type Bundle, insidePath, standOf } from "../model/bundles";
import { readConfig } from "../model/config";
import { BundleTools } from "./BundleTools";
import styles from "./Bundles.module.css";
import { FilesTab } from "./FilesTab";
import { FindingsTab } from "./FindingsTab";
import { HistoryTab } from "./HistoryTab";
import { PlanTab } from "./PlanTab";
import { ResourcesTab } from "./ResourcesTab";
import { TasksTab } from "./TasksTab";
import { Verdict } from "./Verdict";

const tabs = ["files", "findings", "tasks", "plan", "resources", "history"] as const;
type TabId = (typeof tabs)[number];

interface OpenBundleProps {
  projectId: string;
  bundle: Bundle;
  at: BundlePlace;
}

/** A bundle with its target, its verdict, and one of the ways to look at it. */
export function OpenBundle({ projectId, bundle, at }: OpenBundleProps) {
  const heading = useArrival<HTMLHeadingElement>();
  const texts = useTexts(projectId, bundle);
  const seen = useSeen(projectId, bundle, texts);
  const config = useMemo(() => readConfig(inside(bundle, texts.texts), insidePath(bundle.folder, bundle.root)), [bundle, texts.texts]);
  const target = at.target ?? config.targets.find(({ isDefault }) => isDefault)?.name ?? null;
  const which = { folder: bundle.folder, target };
  const stand = standOf(bundle);
  const check = useQuery({ ...validationQuery(projectId, which, stand), enabled: texts.complete });
  const validation = check.data ?? null;
  const isProduction = validation?.mode === "production" || config.targets.some(({ name, isProduction: said }) => name === target && said);
  const opened: OpenedBundle = {
    projectId,
    bundle,
    which,
    stand,
    texts,
    config,
    seen,
    validation,
    checkError: check.isFetching ? null : check.error,
    isProduction,
  };
  const tab: TabId = tabs.find((id) => id === at.tab) ?? "files";
  const shown: readonly Tab<TabId>[] = [
    { id: "files", label: "Files", count: seen.changes.size === 0 ? undefined : seen.changes.size },
    { id: "findings", label: "Findings", count: validation === null || validation.findings.length === 0 ? undefined : validation.findings.length },
    { id: "tasks", label: "Tasks" },
    { id: "plan", label: "Plan" },
    { id: "resources", label: "Resources" },
    { id: "history", label: "History" },
  ];
  return (
    <BundleContext value={opened}>
      <section className={styles.wide} aria-labelledby="bundle-title">
        <header className={styles.header}>
          <div>
            <ButtonLink href={links.bundles(projectId)} variant="quiet" size="s" icon="arrowLeft">
              All bundles
            </ButtonLink>
            <h1 id="bundle-title" ref={heading} tabIndex={-1}>
              <Name text={validation?.name ?? (bundle.folder === "" ? "This project’s folder" : bundle.name)} />
            </h1>
          </div>
          <BundleTools checking={check.isFetching} onCheck={() => void check.refetch()} />
        </header>
        <Verdict checking={check.isFetching || !texts.complete} onCheck={() => void check.refetch()} />
        <Tabs label="Parts of the bundle" tabs={shown} selected={tab} onSelect={(id) => navigate(placeIn(opened, { tab: id }), { replace: true })}>
          {tab === "files" && <FilesTab path={at.file} line={at.line} />}
          {tab === "findings" && <FindingsTab />}
          {tab === "tasks" && <TasksTab />}
          {tab === "plan" && <PlanTab key={`${target}`} />}
          {tab === "resources" && <ResourcesTab />}
          {tab === "history" && <HistoryTab />}
        </Tabs>
      </section>
    </BundleContext>
  );
}

/** By their paths in the bundle. */
function inside({ folder }: Bundle, texts: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...texts].map(([path, text]) => [insidePath(folder, path), text]));
}
