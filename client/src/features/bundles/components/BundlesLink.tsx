import { links } from "@/shared/lib/links";
import { Icon } from "@/shared/ui/Icon";
import { NavLink } from "@/shared/ui/NavLink";

/** The way to a project's bundles. */
export function BundlesLink({ projectId }: { projectId: string }) {
  return (
    <NavLink page="bundles" href={links.bundles(projectId)}>
      <Icon name="bundle" size={17} />
      Bundles
    </NavLink>
  );
}
