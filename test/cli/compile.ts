import { build, type BuildOptions } from "esbuild"
import { readdirSync, rmSync } from "node:fs"
import { fileURLToPath } from "node:url"

const inRepository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

const compiled = inRepository("node_modules/.cache/langswarm-session")

/** The command line in one file, since to compile it at each start would take longer than all the rest. */
export const main = `${compiled}/main.mjs`

/** An example, likewise. */
export const example = (name: string): string => `${compiled}/examples/${name}.mjs`

const options: BuildOptions = {
  bundle: true,
  external: ["better-sqlite3"],
  format: "esm",
  platform: "node",
  // What is no ES module in there asks for Node's modules in the old way.
  banner: {
    js: "import * as nodeModule from 'node:module'; const require = nodeModule.createRequire(import.meta.url);"
  }
}

/** Runs once, before all tests. */
export const setup = async (): Promise<void> => {
  const examples = readdirSync(inRepository("examples")).filter((name) => name.endsWith(".ts"))
  rmSync(compiled, { recursive: true, force: true })
  await build({ ...options, entryPoints: [inRepository("src/cli/main.ts")], outfile: main })
  await build({
    ...options,
    entryPoints: examples.map((name) => inRepository(`examples/${name}`)),
    outdir: `${compiled}/examples`,
    outExtension: { ".js": ".mjs" },
    splitting: true
  })
}
