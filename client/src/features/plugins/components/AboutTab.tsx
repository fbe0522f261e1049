import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { messageOf } from "@/api/problem";
import { formatMoment } from "@/shared/lib/format";
import { Markdown } from "@/shared/markdown/Markdown";
import { MarkdownNotice } from "@/shared/markdown/MarkdownNotice";
import { SafeLink } from "@/shared/markdown/SafeLink";
import { CopyButton } from "@/shared/ui/CopyButton";
import { Notice } from "@/shared/ui/Notice";
import { Skeleton } from "@/shared/ui/Skeleton";
import { readmeQuery } from "../api/plugin";
import type { Plugin } from "../api/types";
import { scopeWords, shortDigest, signatureMeaning } from "../model/words";
import styles from "./About.module.css";

export function AboutTab({ plugin }: { plugin: Plugin }) {
  return (
    <div className={styles.about}>
      <Readme plugin={plugin} />
      <Facts plugin={plugin} />
    </div>
  );
}

function Readme({ plugin }: { plugin: Plugin }) {
  const readme = useQuery({ ...readmeQuery(plugin.id, plugin.digest), enabled: plugin.has_readme });
  if (!plugin.has_readme) return <p className={styles.none}>Its author wrote no more about it than: {plugin.description}</p>;
  return (
    <article className={styles.readme} aria-label="README">
      {readme.isPending && <Skeleton lines={6} label="Loading the README" />}
      {readme.isError && <Notice tone="bad">{messageOf(readme.error)}</Notice>}
      <MarkdownNotice />
      {readme.data !== undefined && <Markdown text={readme.data} />}
    </article>
  );
}

function Facts({ plugin }: { plugin: Plugin }) {
  const now = Date.now();
  const shipped = plugin.scope === "shipped";
  return (
    <dl className={styles.facts}>
      <Fact name="Version">{plugin.version}</Fact>
      {plugin.previous != null && <Fact name="Version before">{plugin.previous.version}</Fact>}
      <Fact name="Who has it">{scopeWords(plugin.scope)}</Fact>
      {plugin.authors.length > 0 && <Fact name={plugin.authors.length === 1 ? "Author" : "Authors"}>{plugin.authors.join(", ")}</Fact>}
      {plugin.licence !== "" && <Fact name="Licence">{plugin.licence}</Fact>}
      {plugin.homepage != null && (
        <Fact name="Homepage">
          <SafeLink href={plugin.homepage}>{plugin.homepage.replace(/^https?:\/\//, "")}</SafeLink>
        </Fact>
      )}
      {!shipped && <Fact name="Signature">{signatureMeaning(plugin.signature)}</Fact>}
      <Fact name="Source" copy={plugin.source}>
        <code>{plugin.source}</code>
      </Fact>
      <Fact name="Digest" copy={plugin.digest}>
        <code title={plugin.digest}>{shortDigest(plugin.digest)}</code>
      </Fact>
      {plugin.pinned !== plugin.source && (
        <Fact name="Pinned to" copy={plugin.pinned}>
          <code>{plugin.pinned}</code>
        </Fact>
      )}
      {plugin.installed_at != null && (
        <Fact name="Installed">
          {formatMoment(plugin.installed_at, now)}
          {plugin.installed_by != null && ` by ${plugin.installed_by}`}
        </Fact>
      )}
      {plugin.updated_at != null && plugin.updated_at !== plugin.installed_at && <Fact name="Changed">{formatMoment(plugin.updated_at, now)}</Fact>}
    </dl>
  );
}

function Fact({ name, copy, children }: { name: string; copy?: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span>{children}</span>
        {copy !== undefined && <CopyButton text={copy} label={`Copy ${name.toLowerCase()}`} />}
      </dd>
    </div>
  );
}
