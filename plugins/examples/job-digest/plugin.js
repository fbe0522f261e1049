// A digest of the workspace's job runs: https://docs.databricks.com/api/workspace/jobs/listruns
import { Failed, keepTable, progress, requestText } from './bricklayer.js';

const HOUR_MS = 3_600_000;
const DEFAULT_HOURS = 24;
const MAX_HOURS = 720;

// Pages of 25 runs (the API's most); a busy workspace has thousands of runs a day, and a digest is no archive.
const PAGE_RUNS = 25;
const MAX_PAGES = 40;
const MAX_FAILURES = 20;
const MESSAGE_CHARS = 300;

export const tools = {
  digestRuns({ hours, jobId, name }) {
    const wanted = hours ?? DEFAULT_HOURS;
    if (wanted < 1 || wanted > MAX_HOURS) {
      throw new Failed('invalid-input', `hours: must be 1 to ${MAX_HOURS}, is ${wanted}`);
    }
    if (jobId != null && !/^[0-9]+$/.test(jobId)) {
      throw new Failed('invalid-input', `job_id: must be a number, is ${JSON.stringify(jobId)}`);
    }
    const { runs, cut } = listRuns(wanted, jobId);
    const matching = runs.filter((run) => name == null || nameOf(run).toLowerCase().includes(name.toLowerCase()));
    keep(matching);
    const jobs = summarise(matching);
    const failures = matching.filter((run) => outcome(run) === 'failed').slice(0, MAX_FAILURES).map(failure);
    return { text: text(jobs, failures, matching.length, wanted, cut), jobs, failures, runs: matching.length, cut };
  },
};

const COLUMNS = [
  ['job_id', 'BIGINT'],
  ['run_id', 'BIGINT'],
  ['name', 'STRING'],
  ['started', 'TIMESTAMP'],
  ['seconds', 'DOUBLE'],
  ['outcome', 'STRING'],
];

/** All runs as a table for the user: the digest names some of them. */
function keep(runs) {
  if (runs.length === 0) return;
  const table = keepTable(COLUMNS, { title: 'Runs' });
  if (table === null) return;
  const row = (run) => [run.job_id ?? null, run.run_id, nameOf(run), began(run), seconds(run), outcome(run)];
  table.append(runs.map(row));
  table.finish();
}

const began = (run) => new Date(run.start_time).toISOString();

/** The newest runs first, as the workspace lists them. */
function listRuns(hours, jobId) {
  const runs = [];
  let token = null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const query = {
      limit: PAGE_RUNS,
      // A whole hour: the same question within the hour is the same request.
      start_time_from: Math.floor(Date.now() / HOUR_MS) * HOUR_MS - hours * HOUR_MS,
      job_id: jobId,
      page_token: token,
    };
    const answer = parse(requestText('GET', 'https://workspace/api/2.1/jobs/runs/list', { query }));
    runs.push(...(answer.runs ?? []));
    token = answer.next_page_token ?? '';
    if (token === '') return { runs, cut: false };
    progress(`${runs.length} runs`);
  }
  return { runs, cut: true };
}

/** Ids have more digits than a double holds: they become text before they are parsed. */
function parse(json) {
  return JSON.parse(json.replace(/"(job_id|run_id|parent_run_id|original_attempt_run_id)"\s*:\s*([0-9]+)/g, '"$1":"$2"'));
}

const nameOf = (run) => run.run_name || (run.job_id ? `job ${run.job_id}` : `run ${run.run_id}`);

function outcome(run) {
  const state = run.state ?? {};
  if (state.life_cycle_state === 'INTERNAL_ERROR') return 'failed';
  if (!['TERMINATED', 'SKIPPED'].includes(state.life_cycle_state)) return 'active';
  if (state.life_cycle_state === 'SKIPPED') return 'skipped';
  return state.result_state === 'SUCCESS' || state.result_state === 'SUCCESS_WITH_FAILURES' ? 'succeeded' : 'failed';
}

function seconds(run) {
  const took = run.run_duration ?? (run.end_time ? run.end_time - run.start_time : null);
  return took === null || took < 0 ? null : took / 1000;
}

function summarise(runs) {
  const groups = new Map();
  for (const run of runs) {
    const key = run.job_id ?? `name ${nameOf(run)}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(run);
  }
  const jobs = [...groups.values()].map(summary);
  return jobs.sort((a, b) => b.broken - a.broken || b.failed - a.failed || compare(a.name, b.name));
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

function summary(runs) {
  const count = (what) => runs.filter((run) => outcome(run) === what).length;
  const ended = runs.filter((run) => ['succeeded', 'failed'].includes(outcome(run)));
  const newestFirst = [...ended].sort((a, b) => b.start_time - a.start_time);
  const took = ended.map(seconds).filter((time) => time !== null).sort((a, b) => a - b);
  return {
    jobId: runs[0].job_id ?? null,
    name: nameOf(runs[0]),
    succeeded: count('succeeded'),
    failed: count('failed'),
    active: count('active'),
    medianSeconds: took.length === 0 ? null : took[Math.floor((took.length - 1) / 2)],
    slowestSeconds: took.length === 0 ? null : took[took.length - 1],
    broken: newestFirst.length > 0 && outcome(newestFirst[0]) === 'failed',
  };
}

function failure(run) {
  const state = run.state ?? {};
  return {
    runId: String(run.run_id),
    name: nameOf(run),
    started: new Date(run.start_time).toISOString().replace('.000Z', 'Z'),
    ended: state.result_state ?? state.life_cycle_state ?? 'UNKNOWN',
    message: (state.state_message ?? '').replace(/\s+/g, ' ').trim().slice(0, MESSAGE_CHARS),
    url: run.run_page_url ?? null,
  };
}

function text(jobs, failures, runs, hours, cut) {
  if (runs === 0) return `No job ran in the last ${hours} hours.`;
  const lines = [
    `${runs} runs of ${jobs.length} jobs in the last ${hours} hours${cut ? ' (the newest; there are more)' : ''}:`,
    '',
    '| job | ok | failed | active | median | slowest | now |',
    '|---|---|---|---|---|---|---|',
  ];
  for (const job of jobs) {
    const cells = [cell(job.name), job.succeeded, job.failed, job.active, time(job.medianSeconds), time(job.slowestSeconds)];
    lines.push(`| ${[...cells, job.broken ? 'broken' : ''].join(' | ')} |`);
  }
  if (failures.length > 0) lines.push('', 'Failed:');
  for (const run of failures) {
    const link = run.url === null ? run.runId : `[${run.runId}](${run.url})`;
    lines.push(`- ${run.started} ${run.name} (${link}): ${run.ended}${run.message === '' ? '' : `, ${run.message}`}`);
  }
  return lines.join('\n');
}

const cell = (value) => value.replaceAll('|', '\\|').replaceAll('\n', ' ');

function time(value) {
  if (value === null) return '';
  if (value < 90) return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  return value < 5400 ? `${(value / 60).toFixed(0)} min` : `${(value / 3600).toFixed(1)} h`;
}
