import { useEffect, useState } from "react";
import { useRoute } from "@/shared/lib/navigation";
import { Part } from "@/shared/lib/part";
import { HelpDialog } from "../components/HelpDialog";
import { Page } from "../components/Page";
import { useShortcuts } from "../hooks/useShortcuts";
import { NotFoundPage } from "./NotFoundPage";

const home = new Part(() => import("./HomePage").then((file) => file.HomePage));
const project = new Part(() => import("./ProjectPage").then((file) => file.ProjectPage));
const plugins = new Part(() => import("./PluginsPage").then((file) => file.PluginsPage));

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
      for (const page of [home, project, plugins]) page.fetch();
    }, FETCH_OTHERS_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <>
      {route.page === "projects" && <Page part={home}>{(HomePage) => <HomePage onHelp={onHelp} />}</Page>}
      {route.page === "project" && <Page part={project}>{(ProjectPage) => <ProjectPage key={route.projectId} route={route} onHelp={onHelp} />}</Page>}
      {route.page === "plugins" && <Page part={plugins}>{(PluginsPage) => <PluginsPage key={route.projectId} route={route} onHelp={onHelp} />}</Page>}
      {route.page === "unknown" && <NotFoundPage />}
      {help && <HelpDialog onClose={() => setHelp(false)} />}
    </>
  );
}
