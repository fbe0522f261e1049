/** The real host, started for a test on a free port with a folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** A debug build unpacks plugins and sample data at its first start. */
const START_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 15_000;

export interface Host {
  readonly url: string;
  /** Ends it and removes its data. */
  stop: () => Promise<void>;
}

export async function startHost(environment: Record<string, string> = {}): Promise<Host> {
  const binary = findBinary();
  const dataDir = mkdtempSync(join(tmpdir(), "bricklayer-e2e-"));
  shareCompiledCode(dataDir, binary);
  const child = spawn(binary, ["serve", "--listen", "127.0.0.1:0", "--data-dir", dataDir], {
    // Away from the checkout, so that nobody's `.env.local` gets in.
    cwd: dataDir,
    env: { ...cleanEnvironment(), BRICKLAYER_LOG: "warn", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log: string[] = [];
  child.stderr.on("data", (chunk: Buffer) => log.push(chunk.toString()));
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const url = await address(child, log);
    await waitUntilReady(url, log);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Hosts may share the folder of compiled code, as those of the host's own tests do: compiling takes most of a start. */
function shareCompiledCode(dataDir: string, binary: string): void {
  const shared = resolve(dirname(binary), "../guests/compiled");
  mkdirSync(shared, { recursive: true });
  mkdirSync(join(dataDir, "cache"));
  symlinkSync(shared, join(dataDir, "cache/code"));
}

/** A program of the build under test, beside the host's. */
export function findBinary(name = "bricklayer"): string {
  const host = process.env["BRICKLAYER_BIN"] ?? resolve(import.meta.dirname, "../../../target/debug/bricklayer");
  const binary = name === "bricklayer" ? host : join(dirname(host), name);
  if (!existsSync(binary)) throw new Error(`there is no ${binary}: build it with \`cargo build --workspace --bins\`, or name another in BRICKLAYER_BIN`);
  return binary;
}

/** Without settings of the machine that would make it talk to a real workspace or model. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(DATABRICKS|ANTHROPIC|DATABASE_URL|BRICKLAYER_(?!WORKSPACE_BINARY))/.test(name));
  return Object.fromEntries(kept);
}

function address(child: ChildProcess, log: string[]): Promise<string> {
  return new Promise((found, failed) => {
    const timer = setTimeout(() => failed(new Error(`the host printed no address:\n${log.join("")}`)), START_LIMIT_MS);
    let output = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const match = /http:\/\/[\d.]+:\d+/.exec(output);
      if (match === null) return;
      clearTimeout(timer);
      found(match[0]);
    });
    child.once("error", failed);
    child.once("exit", (code) => failed(new Error(`the host ended with ${code}:\n${log.join("")}`)));
  });
}

async function waitUntilReady(url: string, log: string[]): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  let last = "";
  while (Date.now() < deadline) {
    try {
      last = await (await fetch(`${url}/api/health`)).text();
      if (last.includes('"state":"ready"')) return;
    } catch (error) {
      last = String(error);
    }
    await new Promise((next) => setTimeout(next, 100));
  }
  throw new Error(`the host did not become ready, last: ${last}\n${log.join("")}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
  await exited;
  clearTimeout(timer);
}
