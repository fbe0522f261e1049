// What a plugin in JavaScript needs beside its own WIT: HTTP with JSON, failures, progress, state, results, log lines.
// Written by `bricklayer plugin new`; yours to read and change. The host's interfaces are in wit/deps.
//
// Tools are plain functions: the host's calls return when they are done, and nothing is awaited. What a tool throws
// reaches the caller as a failure with its text, and the trace the log.
import hostContext from 'bricklayer:host/context@0.1.4';
import hostHttp from 'bricklayer:host/http@0.1.4';
import hostLog from 'bricklayer:host/log@0.1.4';
import hostProgress from 'bricklayer:host/progress@0.1.4';
import hostResults from 'bricklayer:host/results@0.1.4';
import hostState from 'bricklayer:host/state@0.1.4';

// How much of a far end's own words a failure repeats.
const SAID_CHARS = 500;

/** A failed call: throw it. `kind` is one of the cases of `error-kind` in wit/deps. */
export class Failed extends Error {
  constructor(kind, message, retryable = false) {
    super(message);
    this.kind = kind;
    this.retryable = retryable;
  }
}

/**
 * Sends a request and returns `{status, headers, text}` whatever its status is. Needs a grant in plugin.toml.
 * The caller's workspace is `https://workspace/...`: the host puts its name and the caller's credential in.
 */
export function send(method, url, { query = {}, headers = {}, body = null, timeoutMs = null } = {}) {
  const request = {
    method,
    url: withQuery(url, query),
    headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
    body: body === null ? null : new TextEncoder().encode(body),
    timeoutMs,
  };
  let response;
  try {
    response = hostHttp.fetch(request);
  } catch (error) {
    throw unanswered(url, error);
  }
  return { status: response.status, headers: response.headers, text: new TextDecoder().decode(response.body) };
}

/** Sends JSON, returns the answer's text; an error status is a failure. */
export function requestText(method, url, { query, body } = {}) {
  const headers = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const response = send(method, url, { query, headers, body: body === undefined ? null : JSON.stringify(body) });
  if (response.status < 200 || response.status > 299) throw refused(url, response);
  return response.text;
}

/**
 * Sends JSON, reads JSON; an error status is a failure. Numbers become doubles: use `requestText` where larger
 * integers or all digits of a decimal matter.
 */
export function requestJson(method, url, options) {
  const text = requestText(method, url, options);
  try {
    return JSON.parse(text || '{}');
  } catch (error) {
    throw new Failed('upstream', `the answer of ${hostOf(url)} is no JSON: ${error.message}`);
  }
}

/** `GET`; entries of `query` that are null or undefined are left out. */
export const getJson = (url, query) => requestJson('GET', url, { query });

/** `POST` with a JSON body. */
export const postJson = (url, body) => requestJson('POST', url, { body });

/** Shows the user how far the call is. */
export const progress = (message, done = null, total = null) => hostProgress.report(message, done, total);

/** A line for the operator's log, and for `bricklayer plugin dev`. Nothing that belongs to the user. */
export const log = (message, level = 'info') => hostLog.write(level, message);

/** On whose behalf and where this call runs. */
export const context = () => hostContext.get();

/** A value kept in this project; null when there is none. Needs `state = true` in plugin.toml. */
export function recall(key) {
  const text = state(() => hostState.get(key));
  return text === null || text === undefined ? null : JSON.parse(text);
}

/** Keeps a JSON value in this project, at most 65536 bytes. */
export const keep = (key, value) => state(() => hostState.set(key, JSON.stringify(value)));

/**
 * Begins a table that the host keeps whole for the user, beside the answer that the model reads. `columns` are pairs of
 * a name and a type as SQL spells it, such as `['n', 'BIGINT']`. Null where nothing is kept: go on without.
 */
export const keepTable = (columns, about = {}) =>
  begin({ ...about, content: 'table', columns: columns.map(([name, typeText]) => ({ name, typeText })) });

/** The same for a text, such as a long log. */
export const keepText = (about = {}) => begin({ mediaType: 'text/plain', ...about, content: 'text' });

/** A result that takes content. */
class Result {
  constructor({ handle, id }) {
    this.handle = handle;
    this.id = id;
  }

  /** Appends rows: arrays of cells. Integers beyond 2^53 and decimals as text. False when it takes no more. */
  append(rows) {
    const json = new TextEncoder().encode(JSON.stringify(rows));
    return results(() => hostResults.appendRows(this.handle, json)).tag === 'taken';
  }

  /** Appends text. False when it takes no more. */
  appendText(text) {
    return results(() => hostResults.appendBytes(this.handle, new TextEncoder().encode(text))).tag === 'taken';
  }

  /** Ends it; `whole` is false when the work broke off. */
  finish(whole = true) {
    return results(() => hostResults.finish(this.handle, whole, null));
  }
}

const ORIGIN = {
  statementId: null,
  statement: null,
  parameters: null,
  warehouse: null,
  catalog: null,
  schema: null,
  startedMs: null,
  durationMs: null,
  rows: null,
  bytes: null,
  truncated: null,
};

function begin({ content, title = null, mediaType = null, fileName = null, columns = [], origin = {}, again = null }) {
  const about = { content, title, mediaType, fileName, columns, origin: { ...ORIGIN, ...origin }, again };
  try {
    return new Result(hostResults.open(about));
  } catch (error) {
    if ((error?.payload ?? error)?.tag === 'unavailable') return null;
    throw unkept(error);
  }
}

function results(work) {
  try {
    return work();
  } catch (error) {
    throw unkept(error);
  }
}

function unkept(error) {
  const answer = error?.payload ?? error;
  if (typeof answer?.tag !== 'string') return error;
  return new Failed(answer.tag === 'too-many' ? 'limit-exceeded' : 'failed', `the result was not kept: ${answer.val}`);
}

function state(work) {
  try {
    return work();
  } catch (error) {
    const answer = error?.payload ?? error;
    if (typeof answer?.tag !== 'string') throw error;
    const said = answer.val === undefined ? answer.tag : `${answer.tag}: ${answer.val}`;
    throw new Failed(answer.tag === 'denied' ? 'denied' : 'failed', `the plugin's store: ${said}`);
  }
}

function withQuery(url, query) {
  const pairs = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const text = pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
  return text === '' ? url : `${url}?${text}`;
}

function hostOf(url) {
  const host = url.replace(/^[a-z]+:\/\//, '').split(/[/?]/)[0];
  return host === 'workspace' ? 'the workspace' : host;
}

const UNANSWERED = {
  denied: ['denied', (host) => `the host refused the request to ${host}`, false],
  invalid: ['invalid-input', (host) => `the request to ${host} is malformed`, false],
  'too-large': ['limit-exceeded', (host) => `too much for one request to ${host}`, false],
  timeout: ['timeout', (host) => `${host} did not answer in time`, true],
  unreachable: ['upstream', (host) => `${host} could not be reached`, true],
  failed: ['upstream', (host) => `the request to ${host} failed`, true],
};

function unanswered(url, error) {
  // The interpreter wraps what a host's function answers as its error.
  const answer = error?.payload ?? error;
  const known = UNANSWERED[answer?.tag];
  if (known === undefined) return error;
  const [kind, words, retryable] = known;
  return new Failed(kind, `${words(hostOf(url))}: ${answer.val}`, retryable);
}

const REFUSED = {
  400: 'invalid-input',
  401: 'unauthenticated',
  403: 'permission-denied',
  404: 'not-found',
  408: 'timeout',
  410: 'not-found',
  413: 'limit-exceeded',
  422: 'invalid-input',
  429: 'rate-limited',
};

function refused(url, { status, text }) {
  const kind = REFUSED[status] ?? (status >= 500 ? 'upstream' : 'failed');
  let said = text;
  try {
    const body = JSON.parse(text);
    said = String(body.message ?? body.error ?? body.detail ?? text);
  } catch {
    // Not JSON: its text is all there is.
  }
  const message = `${hostOf(url)}: ${said.slice(0, SAID_CHARS)} (HTTP ${status})`;
  return new Failed(kind, message, [429, 502, 503, 504].includes(status));
}
