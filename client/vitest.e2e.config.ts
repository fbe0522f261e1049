import { defineConfig } from "vitest/config";
import { HarnessLines } from "./e2e/support/reporter";

export default defineConfig({
  test: {
    include: ["e2e/**/*.e2e.ts"],
    // One browser and one host at a time: the machine that runs this is small.
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 120_000,
    reporters: ["default", new HarnessLines()],
  },
});
