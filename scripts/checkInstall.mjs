/**
 * `npm run check:install`: packs the package, installs it in an empty project by the README's install line, and there
 * compiles and runs a program with Effect and one with promises. Needs a build and the registry.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const project = mkdtempSync(join(tmpdir(), "langswarm-session-install-"))
const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8"))

const run = (cwd, command, ...args) => {
  const started = process.hrtime.bigint()
  try {
    const output = execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
    console.log(`${(Number(process.hrtime.bigint() - started) / 1e9).toFixed(1).padStart(6)} s  ${command} ${args.join(" ")}`)
    return output
  } catch (error) {
    console.error(`${command} ${args.join(" ")} failed:\n${error.stdout}${error.stderr}`)
    throw error
  }
}

const expect = (output, text) => {
  if (!output.includes(text)) throw new Error(`expected "${text}" in the output:\n${output}`)
}

const withEffect = `
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Stream } from "effect"
import { SessionManager, SessionRuntime } from "langswarm-session"

const program = Effect.gen(function*() {
  const sessions = yield* SessionManager
  const session = yield* sessions.create({ userId: "ada", provider: "mock", model: "mock-model" })
  const reply = yield* session.send("Hello")
  yield* Console.log(reply.text)
  yield* Stream.runDrain(session.stream("And now in verse"))
})

program.pipe(Effect.provide(SessionRuntime.layerDevelopment), NodeRuntime.runMain)
`

const withPromises = `
import { createSessionManager } from "langswarm-session/promise"

const manager = await createSessionManager({ preset: "development" })
const session = await manager.getOrCreate({ userId: "ada", provider: "mock", model: "mock-model" })
const reply = await session.send("Hello")
console.log(reply.text)
await manager.close()
`

// Every entry point, so that each one's declarations are read.
const { exports } = JSON.parse(readFileSync("package.json", "utf8"))
const entries = Object.keys(exports)
  .filter((entry) => !entry.endsWith(".json"))
  .map((entry, index) => `import * as entry${index} from "${entry.replace(".", "langswarm-session")}"\nvoid entry${index}`)
  .join("\n")

// Code that compiles without `skipLibCheck` also compiles with it.
const tsconfig = {
  compilerOptions: {
    module: "NodeNext",
    target: "ES2022",
    lib: ["ES2023", "DOM", "DOM.Iterable"],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: ["node"],
    outDir: "out"
  },
  include: ["*.ts"]
}

try {
  run(process.cwd(), "npm", "pack", "--ignore-scripts", "--pack-destination", project)
  const tarball = `./${readdirSync(project).find((name) => name.endsWith(".tgz"))}`
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }))
  // Nothing is compiled here: these programs keep their sessions in memory.
  const install = ["i", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
  run(project, "npm", ...install, tarball, "effect@3", "@effect/platform-node@0.108")
  const tools = ["typescript", "@types/node"].map((name) => `${name}@${devDependencies[name]}`)
  run(project, "npm", ...install, "--save-dev", ...tools)

  const copies = run(project, "find", "node_modules", "-path", "*/effect/package.json")
  if (copies.trim() !== "node_modules/effect/package.json") throw new Error(`expected one copy of effect:\n${copies}`)

  writeFileSync(join(project, "effect.ts"), withEffect)
  writeFileSync(join(project, "promise.ts"), withPromises)
  writeFileSync(join(project, "entries.ts"), entries)
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(tsconfig))
  run(project, "npx", "tsc", "-p", ".")
  expect(run(project, "node", "out/effect.js"), "You said: Hello")
  expect(run(project, "node", "out/promise.js"), "You said: Hello")
  run(project, "node", "out/entries.js")
} finally {
  rmSync(project, { recursive: true, force: true })
}
