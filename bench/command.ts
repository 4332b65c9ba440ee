import { Command, FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Schema, Stream } from "effect"
import { build } from "esbuild"
import { fileURLToPath } from "node:url"

const runs = 5

const inRepository = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** In the package's directory, so that the modules resolve their dependencies. */
const modules = inRepository("node_modules/.cache/langswarm-session-modules")

/** Makes a process report its CPU time in microseconds and its peak memory in KiB on standard error. */
const probe = "data:text/javascript," + encodeURIComponent(`process.on("exit", () => {
  const { maxRSS, systemCPUTime, userCPUTime } = process.resourceUsage()
  process.stderr.write(JSON.stringify({ cpu: userCPUTime + systemCPUTime, memory: maxRSS }))
})`)

const Usage = Schema.parseJson(Schema.Struct({ cpu: Schema.Number, memory: Schema.Number }))

const measureOnce = (main: string) =>
  Command.make("node", "--import", probe, main, "--version").pipe(
    Command.start,
    Effect.flatMap(({ stderr }) => stderr.pipe(Stream.decodeText(), Stream.mkString)),
    Effect.flatMap(Schema.decode(Usage)),
    Effect.scoped
  )

/** The minimum of several runs, to reduce the effect of other load on the machine. */
const measure = (main: string) =>
  Effect.map(Effect.replicateEffect(measureOnce(main), runs), (usages) => ({
    cpu: Math.min(...usages.map(({ cpu }) => cpu)) / 1e6,
    memory: Math.min(...usages.map(({ memory }) => memory)) / 1024
  }))

const row = (name: string, usage: { readonly cpu: number; readonly memory: number }) =>
  Console.log(`${name.padEnd(46)} ${usage.cpu.toFixed(2).padStart(8)} s CPU ${usage.memory.toFixed(0).padStart(8)} MiB`)

const bench = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const sources = (yield* fs.readDirectory(inRepository("src"), { recursive: true })).filter((name) =>
    name.endsWith(".ts")
  )
  yield* fs.remove(modules, { recursive: true, force: true })
  yield* Effect.promise(() =>
    build({
      entryPoints: sources.map((name) => inRepository(`src/${name}`)),
      outdir: modules,
      outbase: inRepository("src"),
      format: "esm",
      platform: "node"
    })
  )
  yield* fs.writeFileString(`${modules}/package.json`, "{\"type\":\"module\"}")

  yield* Console.log(`langswarm-session --version, minimum of ${runs} runs`)
  const bundle = yield* measure(inRepository("dist/cli/main.js"))
  const unbundled = yield* measure(`${modules}/cli/main.js`)
  yield* row("bundle", bundle)
  yield* row("unbundled modules", unbundled)
  yield* Console.log(
    `${"bundle / unbundled".padEnd(46)} ${(bundle.cpu / unbundled.cpu).toFixed(2).padStart(8)}       ${
      (bundle.memory / unbundled.memory).toFixed(2).padStart(8)
    }`
  )
})

bench.pipe(Effect.provide(NodeContext.layer), NodeRuntime.runMain)
