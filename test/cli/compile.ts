import { build } from "esbuild"
import { fileURLToPath } from "node:url"

const inRepository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** The command line in one file, since to compile it at each start would take longer than all the rest. */
export const main = inRepository("node_modules/.cache/langswarm-session/main.mjs")

/** Runs once, before all tests. */
export const setup = async (): Promise<void> => {
  await build({
    entryPoints: [inRepository("src/cli/main.ts")],
    bundle: true,
    external: ["better-sqlite3"],
    format: "esm",
    outfile: main,
    platform: "node",
    // What is no ES module in there asks for Node's modules in the old way.
    banner: {
      js: "import * as nodeModule from 'node:module'; const require = nodeModule.createRequire(import.meta.url);"
    }
  })
}
