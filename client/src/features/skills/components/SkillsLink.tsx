import { links } from "@/shared/lib/links";
import { Icon } from "@/shared/ui/Icon";
import { NavLink } from "@/shared/ui/NavLink";

/** The way to a project's skills. */
export function SkillsLink({ projectId }: { projectId: string }) {
  return (
    <NavLink page="skills" href={links.skills(projectId)}>
      <Icon name="sparkle" size={17} />
      Skills
    </NavLink>
  );
}
