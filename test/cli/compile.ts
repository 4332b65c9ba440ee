import { build, type BuildOptions } from "esbuild"
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const inRepository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

const compiled = inRepository("node_modules/.cache/langswarm-session")

/** The command, bundled as in the package. */
export const main = `${compiled}/cli/main.js`

/** An example in one file, which starts faster than its modules. */
export const example = (name: string): string => `${compiled}/examples/${name}.mjs`

/** The program of `runMain`'s tests, likewise. */
export const stubbornProgram = `${compiled}/stubbornProgram.mjs`

const options: BuildOptions = {
  bundle: true,
  external: ["better-sqlite3"],
  format: "esm",
  platform: "node",
  // CommonJS packages in the bundle require Node's own modules.
  banner: {
    js: "import * as nodeModule from 'node:module'; const require = nodeModule.createRequire(import.meta.url);"
  }
}

/** Runs once, before all tests. */
export const setup = async (): Promise<void> => {
  const examples = readdirSync(inRepository("examples")).filter((name) => name.endsWith(".ts"))
  rmSync(compiled, { recursive: true, force: true })
  mkdirSync(compiled, { recursive: true })
  writeFileSync(`${compiled}/package.json`, "{\"type\":\"module\"}")
  execFileSync(process.execPath, [inRepository("scripts/build.mjs"), "--bundle", `${compiled}/cli`], {
    stdio: "inherit"
  })
  await build({
    ...options,
    entryPoints: examples.map((name) => inRepository(`examples/${name}`)),
    outdir: `${compiled}/examples`,
    outExtension: { ".js": ".mjs" },
    splitting: true
  })
  await build({ ...options, entryPoints: [inRepository("test/cli/stubbornProgram.ts")], outfile: stubbornProgram })
}
