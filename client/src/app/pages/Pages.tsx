import { useState } from "react";
import { useRoute } from "@/shared/lib/navigation";
import { HelpDialog } from "../components/HelpDialog";
import { useShortcuts } from "../hooks/useShortcuts";
import { HomePage } from "./HomePage";
import { NotFoundPage } from "./NotFoundPage";
import { PluginsPage } from "./PluginsPage";
import { ProjectPage } from "./ProjectPage";

export function Pages() {
  const route = useRoute();
  const [help, setHelp] = useState(false);
  useShortcuts({ help: () => setHelp(true) });
  const onHelp = (): void => setHelp(true);
  return (
    <>
      {route.page === "projects" && <HomePage onHelp={onHelp} />}
      {route.page === "project" && <ProjectPage key={route.projectId} route={route} onHelp={onHelp} />}
      {route.page === "plugins" && <PluginsPage key={route.projectId} route={route} onHelp={onHelp} />}
      {route.page === "unknown" && <NotFoundPage />}
      {help && <HelpDialog onClose={() => setHelp(false)} />}
    </>
  );
}
