import { defineConfig } from "vitest/config"
import config from "./vitest.config.js"

/**
 * The tests of the fault matrix, which `npm run faults` runs: first those of `npm test`, then `*.fault.ts`, which measure memory
 * and waiting. These run one file at a time, so that nothing else uses the machine that they measure.
 */
export default defineConfig({
  ...config,
  test: {
    projects: [
      { ...config, test: { ...config.test, name: "tests", sequence: { groupOrder: 0 } } },
      {
        ...config,
        test: {
          ...config.test,
          name: "faults",
          include: ["test/faults/*.fault.ts"],
          globalSetup: [],
          sequence: { groupOrder: 1 },
          maxWorkers: 1,
          minWorkers: 1,
          fileParallelism: false,
          testTimeout: 120_000
        }
      }
    ]
  }
})
