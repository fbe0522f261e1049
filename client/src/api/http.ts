import { Problem } from "./problem";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

interface RequestOptions {
  method?: Method;
  /** Sent as JSON; a form goes as it is, with its files. */
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
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new Problem(0, {});
  }
  if (!response.ok) throw new Problem(response.status, await problemDocument(response));
  return response;
}

/** Sends a request and answers its JSON. The host's OpenAPI document is what vouches for `T`. */
export async function json<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options);
  return (await response.json()) as T;
}

/** The browser names a form's content type itself, with the boundary it chose. */
function encoded(body: unknown, headers: Record<string, string>): Pick<RequestInit, "body" | "headers"> {
  if (body === undefined) return { headers };
  if (body instanceof FormData) return { headers, body };
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
