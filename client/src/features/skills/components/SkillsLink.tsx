import { links } from "@/shared/lib/links";
import { useRoute } from "@/shared/lib/navigation";
import { Icon } from "@/shared/ui/Icon";
import { Link } from "@/shared/ui/Link";
import styles from "./SkillsLink.module.css";

/** The way to a project's skills. */
export function SkillsLink({ projectId }: { projectId: string }) {
  const here = useRoute().page === "skills";
  return (
    <Link href={links.skills(projectId)} className={styles.link} aria-current={here ? "page" : undefined}>
      <Icon name="sparkle" size={17} />
      Skills
    </Link>
  );
}
