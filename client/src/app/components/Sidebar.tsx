import { useQuery } from "@tanstack/react-query";
import { links } from "@/shared/lib/links";
import { useRoute } from "@/shared/lib/navigation";
import { Icon } from "@/shared/ui/Icon";
import { IconButton } from "@/shared/ui/IconButton";
import { Link } from "@/shared/ui/Link";
import { Logo } from "@/shared/ui/Logo";
import { BundlesLink } from "@/features/bundles/components/BundlesLink";
import { ConversationList } from "@/features/conversations/components/ConversationList";
import { PluginsLink } from "@/features/plugins/components/PluginsLink";
import { SkillsLink } from "@/features/skills/components/SkillsLink";
import { meQuery } from "@/features/workspace/api/workspace";
import { ProjectSelect } from "@/features/projects/components/ProjectSelect";
import styles from "./Sidebar.module.css";
import { ThemeToggle } from "./ThemeToggle";

interface SidebarProps {
  projectId: string;
  /** None is open: a new one begins, unless another page of the project is looked at. */
  conversationId: string | null;
  onHelp: () => void;
  onHide: () => void;
  onDeleted: (conversationId: string) => void;
}

export function Sidebar({ projectId, conversationId, onHelp, onHide, onDeleted }: SidebarProps) {
  const me = useQuery(meQuery());
  const route = useRoute();
  return (
    <aside className={styles.sidebar} aria-label="Project">
      <div className={styles.top}>
        <Link href={links.projects()} className={styles.brand} aria-label="Bricklayer, all projects">
          <Logo size={24} />
          <span>Bricklayer</span>
        </Link>
        <IconButton icon="sidebar" label="Hide sidebar" onClick={onHide} />
      </div>
      <ProjectSelect projectId={projectId} />
      <Link href={links.project(projectId)} className={styles.new} aria-current={route.page === "project" && conversationId === null ? "page" : undefined}>
        <Icon name="plus" size={17} />
        New conversation
      </Link>
      <PluginsLink projectId={projectId} />
      <SkillsLink projectId={projectId} />
      <BundlesLink projectId={projectId} />
      <ConversationList projectId={projectId} activeId={conversationId} onDeleted={onDeleted} />
      <div className={styles.foot}>
        <span className={styles.user} title={me.data?.user}>
          {me.data?.user ?? ""}
          {me.data !== undefined && <span>{me.data.workspace_kind === "local" ? "Local workspace" : hostOf(me.data.workspace_url)}</span>}
        </span>
        <ThemeToggle />
        <IconButton icon="help" label="Keyboard shortcuts" onClick={onHelp} />
      </div>
    </aside>
  );
}

function hostOf(url: string | null | undefined): string {
  return url == null ? "" : url.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}
