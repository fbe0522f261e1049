import { type ReactNode, use } from "react";
import type { ResultPlace } from "@/shared/lib/links";
import { FileLinks } from "./fileLinks";
import styles from "./Markdown.module.css";
import { RESULT_SCHEME, ResultLinks, readResultLink } from "./resultLinks";

/**
 * A link whose target can be seen before it is followed. Links without a scheme name a file of the project; where files
 * can be opened they do, else they are plain text, because inside the app they would lead nowhere.
 */
export function SafeLink({ href, children }: { href: string | undefined; children: ReactNode }) {
  const fileLinks = use(FileLinks);
  const drawResultLink = use(ResultLinks);
  const target = classify(href);
  switch (target.kind) {
    case "web":
      return (
        <>
          <a href={target.url} target="_blank" rel="noopener noreferrer nofollow" title={target.url}>
            {children}
          </a>
          {!namesHost(children, target.host) && <span className={styles.host}> ({target.host})</span>}
        </>
      );
    case "file":
      return fileLinks === null ? (
        <span>{children}</span>
      ) : (
        <a href={fileLinks.href(target.path)} onClick={(event) => fileLinks.open(event, target.path)}>
          {children}
        </a>
      );
    case "result":
      if (target.place === null || drawResultLink === null) return <span title="This names no result">{children}</span>;
      return drawResultLink(target.place, children);
    case "none":
      return <span>{children}</span>;
    default:
      return target satisfies never;
  }
}

/** The text is the address itself: there the host is read already. */
function namesHost(children: ReactNode, host: string): boolean {
  if (typeof children !== "string") return false;
  const text = children.replace(/^(?:https?:\/\/|mailto:)/i, "");
  return text === host || text.startsWith(`${host}/`) || text.startsWith(`${host}?`);
}

type Target = { kind: "web"; url: string; host: string } | { kind: "file"; path: string } | { kind: "result"; place: ResultPlace | null } | { kind: "none" };

export function classify(href: string | undefined): Target {
  if (href === undefined || href === "" || href.startsWith("#")) return { kind: "none" };
  if (href.startsWith(RESULT_SCHEME)) return { kind: "result", place: readResultLink(href) };
  if (/^[a-z][a-z0-9+.-]*:/i.test(href) || href.startsWith("//")) {
    try {
      const url = new URL(href, "https://invalid.example");
      if (url.protocol === "mailto:") return { kind: "web", url: url.href, host: url.pathname };
      const safe = url.protocol === "https:" || url.protocol === "http:";
      return safe ? { kind: "web", url: url.href, host: url.host } : { kind: "none" };
    } catch {
      return { kind: "none" };
    }
  }
  const path = (href.split(/[?#]/)[0] ?? "").replace(/^\.?\//, "");
  try {
    return path === "" ? { kind: "none" } : { kind: "file", path: decodeURIComponent(path) };
  } catch {
    return { kind: "file", path };
  }
}
