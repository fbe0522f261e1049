import { links } from "@/shared/lib/links";
import { ButtonLink } from "@/shared/ui/ButtonLink";
import { useChat } from "../chatContext";
import styles from "./ToolError.module.css";

interface MissingPowerProps {
  tool: string;
  /** By its id. */
  power: string;
  /** The plugin asks for it, so somebody can give it. */
  canBeGiven: boolean;
}

/** What a plugin was not given, and the way to where that is decided. */
export function MissingPower({ tool, power, canBeGiven }: MissingPowerProps) {
  const { projectId, pluginOf } = useChat();
  const plugin = pluginOf(tool);
  return (
    <>
      <p>
        {plugin ?? "The plugin"} was not given <code>{power}</code>.
      </p>
      {canBeGiven && (
        <ButtonLink className={styles.review} size="s" icon="shield" href={links.pluginOfTool(projectId, tool, power)}>
          Review what {plugin ?? "this plugin"} may do
        </ButtonLink>
      )}
    </>
  );
}
