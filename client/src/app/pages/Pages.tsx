import { useEffect, useState } from "react";
import { useRoute } from "@/shared/lib/navigation";
import { Part } from "@/shared/lib/part";
import { HelpDialog } from "../components/HelpDialog";
import { Page } from "../components/Page";
import { ProjectGate } from "../components/ProjectGate";
import { SkipLink } from "../components/SkipLink";
import { useShortcuts } from "../hooks/useShortcuts";
import { NotFoundPage } from "./NotFoundPage";

const home = new Part(() => import("./HomePage").then((file) => file.HomePage));
const project = new Part(() => import("./ProjectPage").then((file) => file.ProjectPage));
const plugins = new Part(() => import("./PluginsPage").then((file) => file.PluginsPage));
const skills = new Part(() => import("./SkillsPage").then((file) => file.SkillsPage));
const bundles = new Part(() => import("./BundlesPage").then((file) => file.BundlesPage));

/** The page that was asked for comes first; then there is time for those that one goes to from it. */
const FETCH_OTHERS_AFTER_MS = 2_000;

export function Pages() {
  const route = useRoute();
  const [help, setHelp] = useState(false);
  useShortcuts({ help: () => setHelp(true) });
  const onHelp = (): void => setHelp(true);
  // Other pages are here before somebody goes there; a host that is updated meanwhile no longer has their files.
  useEffect(() => {
    const timer = setTimeout(() => {
      for (const page of [home, project, plugins, skills, bundles]) page.fetch();
    }, FETCH_OTHERS_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <>
      <SkipLink />
      {route.page === "projects" && <Page part={home}>{(HomePage) => <HomePage onHelp={onHelp} />}</Page>}
      {route.page === "project" && (
        <Page part={project}>
          {(ProjectPage) => (
            <ProjectGate key={route.projectId} projectId={route.projectId}>
              <ProjectPage route={route} onHelp={onHelp} />
            </ProjectGate>
          )}
        </Page>
      )}
      {route.page === "plugins" && (
        <Page part={plugins}>
          {(PluginsPage) =>
            route.projectId === null ? (
              <PluginsPage key="all" route={route} onHelp={onHelp} />
            ) : (
              <ProjectGate key={route.projectId} projectId={route.projectId}>
                <PluginsPage route={route} onHelp={onHelp} />
              </ProjectGate>
            )
          }
        </Page>
      )}
      {route.page === "skills" && (
        <Page part={skills}>
          {(SkillsPage) => (
            <ProjectGate key={route.projectId} projectId={route.projectId}>
              <SkillsPage route={route} onHelp={onHelp} />
            </ProjectGate>
          )}
        </Page>
      )}
      {route.page === "bundles" && (
        <Page part={bundles}>
          {(BundlesPage) => (
            <ProjectGate key={route.projectId} projectId={route.projectId}>
              <BundlesPage route={route} onHelp={onHelp} />
            </ProjectGate>
          )}
        </Page>
      )}
      {route.page === "unknown" && <NotFoundPage />}
      {help && <HelpDialog onClose={() => setHelp(false)} />}
    </>
  );
}
