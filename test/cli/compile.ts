import { build } from "esbuild"
import { readdirSync, rmSync } from "node:fs"
import { fileURLToPath } from "node:url"

const inRepository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

const compiled = inRepository("node_modules/.cache/langswarm-session")

/** The command line in one file, since to compile it at each start would take longer than all the rest. */
export const main = `${compiled}/src/cli/main.mjs`

/** An example, likewise. */
export const example = (name: string): string => `${compiled}/examples/${name}.mjs`

/** Runs once, before all tests. */
export const setup = async (): Promise<void> => {
  rmSync(compiled, { recursive: true, force: true })
  const examples = readdirSync(inRepository("examples")).filter((name) => name.endsWith(".ts"))
  await build({
    entryPoints: [inRepository("src/cli/main.ts"), ...examples.map((name) => inRepository(`examples/${name}`))],
    bundle: true,
    splitting: true,
    external: ["better-sqlite3"],
    format: "esm",
    outbase: inRepository(""),
    outdir: compiled,
    outExtension: { ".js": ".mjs" },
    platform: "node",
    // What is no ES module in there asks for Node's modules in the old way.
    banner: {
      js: "import * as nodeModule from 'node:module'; const require = nodeModule.createRequire(import.meta.url);"
    }
  })
}
