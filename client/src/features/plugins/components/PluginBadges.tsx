import { Badge } from "@/shared/ui/Badge";
import type { Plugin } from "../api/types";
import { type Said, scopeWords, signatureMeaning, signatureWords, statusWords } from "../model/words";

/** Its state, whose it is, and who vouches for it. What ships with the host is vouched for by the host. `grouped`: a heading above says what ships with it. */
export function PluginBadges({ plugin, grouped = false }: { plugin: Plugin; grouped?: boolean }) {
  const signature = signatureWords(plugin.signature);
  return (
    <>
      <SaidBadge said={statusWords(plugin.status)} />
      {!(grouped && plugin.scope === "shipped") && <Badge>{scopeWords(plugin.scope)}</Badge>}
      {plugin.scope !== "shipped" && <SaidBadge said={signature} title={signatureMeaning(plugin.signature)} />}
    </>
  );
}

export function SaidBadge({ said, title }: { said: Said; title?: string }) {
  return (
    <Badge tone={said.tone} title={title} {...(said.icon === undefined ? {} : { icon: said.icon })}>
      {said.text}
    </Badge>
  );
}
