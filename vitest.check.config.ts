import { defineConfig } from "vitest/config"
import config from "./vitest.config.js"

/** Tests that compile the package, which takes long: `npm run check` runs them, and `npm test` does not. */
export default defineConfig({ ...config, test: { ...config.test, include: ["test/**/*.check.ts"], globalSetup: [] } })
