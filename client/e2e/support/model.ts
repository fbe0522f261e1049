/**
 * The scripted model behind the real Anthropic wire, so that a test decides what is said and when. It is the far end of
 * the host's own tests, a program of theirs (bench/far-ends): it asks here what to say.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { findBinary } from "./host";

export type Step =
  /** `piece`: characters of one delta. */
  | { say: string; piece?: number }
  | { think: string }
  | { call: string; input: unknown }
  /** Nothing more is sent until the test lets go. */
  | { hold: true };

/** What the model does with a conversation whose last message is `message`; `results` are the tool results since. */
export type Script = (message: string, results: number) => readonly Step[] | { status: number; error: string };

export interface Model {
  readonly environment: Record<string, string>;
  /** Lets every held answer go on, now and from now on until `holdAgain`. */
  release: () => void;
  holdAgain: () => void;
  stop: () => Promise<void>;
}

type Line = { listening: string } | { asked: number; message: string; results: number };

/** On a free port, unless one is named. */
export async function startModel(script: Script, port = 0): Promise<Model> {
  const binary = findBinary("bricklayer-scripted-model");
  const child = spawn(binary, [String(port)], { stdio: ["pipe", "pipe", "inherit"] });
  const send = (line: unknown): void => {
    child.stdin.write(`${JSON.stringify(line)}\n`);
  };
  const url = await new Promise<string>((found, failed) => {
    child.once("error", failed);
    child.once("exit", (code) => failed(new Error(`the scripted model ended with ${code}`)));
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = JSON.parse(text) as Line;
      if ("listening" in line) {
        found(line.listening);
        return;
      }
      const said = script(line.message, line.results);
      send({ reply: line.asked, ...("status" in said ? said : { steps: said }) });
    });
  });
  return {
    environment: { ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: "for-tests-only", ANTHROPIC_MODEL: "scripted" },
    release: () => send({ open: true }),
    holdAgain: () => send({ open: false }),
    stop: () => end(child),
  };
}

/** It ends with its input. */
async function end(child: ChildProcessByStdio<Writable, Readable, null>): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  child.stdin.end();
  await exited;
}
