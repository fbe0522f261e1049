import { formatDuration, sentence } from "@/shared/lib/format";

/** The type of the problem that the host, or a proxy before it, no longer knows who asks. */
export const UNAUTHENTICATED = "unauthenticated";

/** A failed request, in the host's own words where it gave any (RFC 9457 problem details). */
export class Problem extends Error {
  readonly status: number;
  /** The stable last segment of the problem's type, such as `turn-in-progress`. */
  readonly code: string;
  readonly fields: readonly { field: string; message: string }[];
  readonly requestId: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** Extra members of the document. */
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(status: number, document: Record<string, unknown>) {
    const title = text(document["title"]);
    const detail = text(document["detail"]);
    super(detail ?? title ?? fallbackMessage(status));
    this.name = "Problem";
    this.status = status;
    this.code = text(document["type"])?.split("/").pop() ?? `http-${status}`;
    this.fields = fieldErrors(document["errors"]);
    this.requestId = text(document["request_id"]);
    const retryAfter = document["retry_after_seconds"];
    this.retryAfterSeconds = typeof retryAfter === "number" ? retryAfter : undefined;
    this.extra = document;
  }
}

/** What to show a person for anything that was thrown. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Problem)) return sentence(error instanceof Error ? error.message : String(error));
  const known = knownMessages[error.code];
  if (known !== undefined) return known;
  // The message often says already what is wrong with the one field.
  const unsaid = error.fields.filter((entry) => !error.message.includes(entry.message));
  const fields = unsaid.map((entry) => `${entry.field}: ${entry.message}`).join("; ");
  const said = sentence(fields === "" ? error.message : `${error.message} (${fields})`);
  return error.retryAfterSeconds === undefined ? said : `${said} It can be tried again in ${formatDuration(error.retryAfterSeconds * 1_000)}.`;
}

/** Where the host's words are for who wrote the request, and a person needs others. */
const knownMessages: Readonly<Record<string, string>> = {
  [UNAUTHENTICATED]: "You are not signed in any more.",
  "cross-origin": "Bricklayer does not know this page as its own. Reload it at the address where Bricklayer runs; if that does not help, tell its operator.",
  "wrong-host": "Bricklayer does not answer at this address. Open it at localhost, or at the address its operator gave you.",
};

function fallbackMessage(status: number): string {
  if (status === 0) return "Bricklayer cannot be reached. Check that it is running and that you are online.";
  if (status === 403) return "You may not do this. Whoever runs this host decides who may.";
  if (status === 404) return "This does not exist any more, or it is not yours.";
  if (status === 409) return "Somebody changed this meanwhile. Look at it as it is now, then decide again.";
  if (status === 413) return "This is larger than Bricklayer takes.";
  if (status === 429) return "Too many requests. Wait a moment and try again.";
  if (status >= 500) return "Bricklayer had a problem with this request. Try again; if it stays, look at the host's log.";
  return `The request was refused (${status}).`;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function fieldErrors(value: unknown): { field: string; message: string }[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    if (typeof entry !== "object" || entry === null) return [];
    const { field, message } = entry as Record<string, unknown>;
    return typeof message === "string" ? [{ field: typeof field === "string" ? field : "", message }] : [];
  });
}
