// Builds the package into dist: the library with tsc, the command as one bundle with esbuild. Does nothing when no input has
// changed since the last build. `--command` builds the command only, as `npm start` does; `--bundle DIRECTORY` makes the
// bundle in another place.
import { build } from "esbuild"
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { chmod, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, "dist")

/** A hash over everything that a build reads. The lock file stands for the packages. */
const hashInputs = async () => {
  const files = ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json", "scripts/build.mjs"]
  const sources = await readdir(join(root, "src"), { recursive: true, withFileTypes: true })
  const modules = sources.filter((entry) => entry.isFile()).map((entry) => join(entry.path, entry.name)).toSorted()
  const paths = [...files.map((file) => join(root, file)), ...modules]
  const contents = await Promise.all(paths.map((path) => readFile(path)))
  const hash = createHash("sha256")
  for (const [index, path] of paths.entries()) {
    hash.update(`${path.slice(root.length)}\0`).update(contents[index]).update("\0")
  }
  return hash.digest("hex")
}

/**
 * Bundles the command with all packages but better-sqlite3, which is native. Modules that are imported dynamically, such as
 * the server and each vendor's SDK, are chunks of their own.
 */
const bundle = async (directory) => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: "src/cli/main.ts" },
    outdir: directory,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.20",
    external: ["better-sqlite3"],
    chunkNames: "chunks/[name]-[hash]",
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
    // CommonJS packages in the bundle require Node's own modules.
    banner: { js: "import { createRequire as $require } from \"node:module\"; const require = $require(import.meta.url);" }
  })
  await writeFile(join(directory, "LICENSES.txt"), await licenses(Object.keys(metafile.inputs)))
  await chmod(join(directory, "main.js"), 0o755)
}

/** The license of each package that is in the bundle. */
const licenses = async (inputs) => {
  const directories = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []))
  const texts = [...directories].toSorted().map(async (directory) => {
    const { license, name, version } = JSON.parse(await readFile(join(root, directory, "package.json"), "utf8"))
    const file = (await readdir(join(root, directory))).find((name) => /^licen[cs]e/i.test(name))
    const text = file === undefined ? "" : `\n${(await readFile(join(root, directory, file), "utf8")).trim()}\n`
    return `${name} ${version}, ${license ?? "see its license"}\n${text}`
  })
  return (await Promise.all(texts)).join(`\n${"-".repeat(80)}\n\n`)
}

/** Compiles the library: modules, declarations and source maps. `npm run check:types` checks the types. */
const compile = () =>
  new Promise((resolve, reject) => {
    const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc")
    const child = spawn(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json"), "--noCheck"], { stdio: "inherit" })
    child.on("error", reject)
    child.on("exit", (code) => code === 0 ? resolve() : reject(new Error(`tsc failed with exit code ${code}`)))
  })

/** The two things that are built: what a run of the command needs, and what a program imports. */
const parts = {
  command: {
    stamp: join(dist, "cli", ".inputs"),
    clear: () => rm(join(dist, "cli"), { recursive: true, force: true }),
    make: () => bundle(join(dist, "cli"))
  },
  library: {
    stamp: join(dist, ".inputs"),
    clear: async () => {
      const entries = await readdir(dist).catch(() => [])
      await Promise.all(
        entries.filter((name) => name !== "cli").map((name) => rm(join(dist, name), { recursive: true, force: true }))
      )
    },
    make: compile
  }
}

/** Builds those parts that are older than their inputs. */
const buildParts = async (names) => {
  const inputs = await hashInputs()
  await Promise.all(names.map(async (name) => {
    const { clear, make, stamp } = parts[name]
    if (inputs === await readFile(stamp, "utf8").catch(() => "")) return
    await clear()
    await make()
    await writeFile(stamp, inputs)
  }))
}

const [option, directory] = process.argv.slice(2)
const built = option === "--bundle"
  ? bundle(directory)
  : buildParts(option === "--command" ? ["command"] : Object.keys(parts))
await built.catch((error) => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
})
