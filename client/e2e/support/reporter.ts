/**
 * Tells the browser's tests in the lines of Rust's test harness, behind what the usual reporter prints: the chore that
 * runs all tests reads one form of lines, tells the slowest of all, and runs what failed once more by itself.
 *
 * A test's name is its file and its titles, parted by ` > `. A hook that failed is told by the name of its group, so
 * that the whole group is run again; an error outside of every test has no name, and then no summary is written: what
 * cannot be run by its name must not be forgiven.
 */
import type { Reporter, SerializedError, TestCase, TestModule, TestSuite } from "vitest/node";

const PARTED = " > ";

interface Failure {
  name: string;
  errors: readonly SerializedError[];
}

export class HarnessLines implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const lines: string[] = [""];
    const failures: Failure[] = [];
    const tell = (name: string, errors: readonly SerializedError[], ms: number): void => {
      if (errors.length > 0) failures.push({ name, errors });
      lines.push(`test ${name} ... ${errors.length > 0 ? "FAILED" : "ok"} <${(ms / 1000).toFixed(3)}s>`);
    };
    for (const module of modules) {
      const file = module.relativeModuleId;
      if (module.errors().length > 0) tell(file, module.errors(), module.diagnostic().duration);
      for (const suite of module.children.allSuites()) {
        if (suite.errors().length > 0) tell(named(file, suite), suite.errors(), 0);
      }
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") tell(named(file, test), [], test.diagnostic()?.duration ?? 0);
        if (result.state === "failed") tell(named(file, test), result.errors, test.diagnostic()?.duration ?? 0);
      }
    }
    if (failures.length > 0) {
      lines.push("", "failures:");
      for (const { name, errors } of failures) lines.push("", `---- ${name} stdout ----`, ...errors.map(said));
      lines.push("", "failures:", ...failures.map(({ name }) => `    ${name}`), "");
    }
    if (unhandled.length === 0) lines.push(`test result: ${failures.length > 0 ? "FAILED" : "ok"}.`);
    console.log(lines.join("\n"));
  }
}

function named(file: string, task: TestCase | TestSuite): string {
  return `${file}${PARTED}${task.fullName}`;
}

/** Without the test runner's own frames, which are the same for all. */
function said(error: SerializedError): string {
  const lines = (error.stack ?? error.message).split("\n");
  return lines.filter((line) => !/^\s+at .*(node_modules|node:|<anonymous>)/.test(line)).join("\n");
}
