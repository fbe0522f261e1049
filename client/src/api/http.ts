import { noteAnswer } from "@/shared/lib/reachable";
import { signedOut } from "@/shared/lib/signedOut";
import { Problem, UNAUTHENTICATED } from "./problem";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

interface RequestOptions {
  method?: Method;
  /** Sent as JSON; a form goes as it is, with its files, and so does a file. */
  body?: unknown;
  signal?: AbortSignal | undefined;
  headers?: Record<string, string>;
}

/** Sends a request and answers the response, or throws a `Problem` for anything that is not a success. */
export async function send(path: string, options: RequestOptions = {}): Promise<Response> {
  const { method = "GET", body, signal, headers = {} } = options;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      ...encoded(body, headers),
      // The API never redirects; who does is a proxy with its sign-in page, often on another host, where following fails.
      redirect: "manual",
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    noteAnswer(false);
    throw new Problem(0, {});
  }
  noteAnswer(true);
  if (isSignIn(response)) throw ended({});
  if (response.ok) return response;
  const document = await problemDocument(response);
  throw response.status === 401 ? ended(document) : new Problem(response.status, document);
}

/** Sends a request and answers its JSON. The host's OpenAPI document is what vouches for `T`. */
export async function json<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options);
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    throw new Problem(0, {});
  }
  try {
    return JSON.parse(text) as T;
  } catch {
    if (text.trimStart().startsWith("<")) throw ended({});
    throw new Problem(response.status, { detail: "The answer was cut short or is not Bricklayer's. Try again; if it stays, reload the page." });
  }
}

/** What a proxy answers in the host's place to who is not signed in: the host itself sends no pages to API calls. */
function isSignIn(response: Response): boolean {
  if (response.type === "opaqueredirect" || response.type === "opaque") return true;
  if (response.redirected || (response.status >= 300 && response.status < 400 && response.headers.has("location"))) return true;
  const isPage = /^(?:text\/html|application\/xhtml\+xml)\b/i.test(response.headers.get("content-type") ?? "");
  return response.status === 511 || (isPage && response.status < 500);
}

function ended(document: Record<string, unknown>): Problem {
  const { detail } = document;
  signedOut.set({ detail: typeof detail === "string" && detail !== "" ? detail : null });
  return new Problem(401, { ...document, type: UNAUTHENTICATED });
}

/** Asks whether the host knows again who asks, as after signing in in another window. */
export async function isSignedIn(): Promise<boolean> {
  const before = signedOut.get();
  try {
    await json("/api/me");
    // Another request may have said meanwhile that it is not so.
    if (signedOut.get() === before) signedOut.set(null);
    return true;
  } catch {
    return false;
  }
}

/** The browser names a form's content type itself, with the boundary it chose. */
function encoded(body: unknown, headers: Record<string, string>): Pick<RequestInit, "body" | "headers"> {
  if (body === undefined) return { headers };
  if (body instanceof FormData || body instanceof Blob) return { headers, body };
  return { headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}

async function problemDocument(response: Response): Promise<Record<string, unknown>> {
  try {
    const document: unknown = await response.json();
    return typeof document === "object" && document !== null ? (document as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
