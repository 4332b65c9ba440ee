import { Command, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Option } from "effect"
import { createRequire } from "node:module"
import { dirname } from "node:path"
import { loadSdk } from "../../../src/layers/provider/internal/sdk/load.js"

const load = <Module>(name: string, load: () => Promise<Module>) =>
  loadSdk("SomeProvider", { name, versions: "2.1 or later 2.x", install: `${name}@2`, load })

const file = (name: string) => new URL(name, import.meta.url).pathname

const require = createRequire(import.meta.url)

/** The error of Node's own `import` of this package, in a folder with these files. */
const importError = Effect.fnUntraced(function*(name: string, files: Readonly<Record<string, string>>) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  for (const [path, content] of Object.entries(files)) {
    yield* fs.makeDirectory(dirname(`${folder}/${path}`), { recursive: true })
    yield* fs.writeFileString(`${folder}/${path}`, content)
  }
  const script = `import(${
    JSON.stringify(name)
  }).catch(({ code, message }) => console.log(JSON.stringify({ code, message })))`
  yield* fs.writeFileString(`${folder}/main.mjs`, script)
  const output = yield* Command.string(Command.make(process.execPath, `${folder}/main.mjs`))
  const { code, message }: { readonly code: string; readonly message: string } = JSON.parse(output)
  return Object.assign(new Error(message), { code })
})

describe("loadSdk", () => {
  it.effect("returns the module", () =>
    Effect.map(load("some-sdk", async () => 7), (module) => assert.strictEqual(module, 7)))

  it.scoped.each(["some-sdk", "@some/sdk"])(
    "names the package to install when %s is missing",
    (name) =>
      Effect.gen(function*() {
        const thrown = yield* importError(name, {})
        const error = yield* Effect.flip(load(name, () => Promise.reject(thrown)))
        assert.deepStrictEqual(error.problems, [
          `SomeProvider needs the package "${name}" (2.1 or later 2.x): npm i ${name}@2`
        ])
      }).pipe(Effect.provide(NodeContext.layer))
  )

  it.effect("names the package to install when a CommonJS bundle cannot require it", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(load("missing-sdk", async (): Promise<object> => require("missing-sdk")))
      assert.include(error.message, "npm i missing-sdk@2")
    }))

  it.scoped("dies when the package is installed and lacks a dependency of its own", () =>
    Effect.gen(function*() {
      const thrown = yield* importError("some-sdk", {
        "node_modules/some-sdk/package.json": "{ \"name\": \"some-sdk\", \"main\": \"index.mjs\" }",
        "node_modules/some-sdk/index.mjs": "import \"missing-dependency\""
      })
      assert.strictEqual(thrown.code, "ERR_MODULE_NOT_FOUND")
      const exit = yield* Effect.exit(load("some-sdk", () => Promise.reject(thrown)))
      assert(Exit.isFailure(exit))
      assert.deepStrictEqual(Cause.dieOption(exit.cause), Option.some(thrown))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("dies when the package fails to load", () =>
    Effect.gen(function*() {
      const thrown = new SyntaxError("Unexpected token")
      const exit = yield* Effect.exit(load("some-sdk", () => Promise.reject(thrown)))
      assert(Exit.isFailure(exit))
      assert.deepStrictEqual(Cause.dieOption(exit.cause), Option.some(thrown))
    }))

  it.effect("fails the layer of each provider whose SDK is not installed", () =>
    Effect.gen(function*() {
      const output = yield* Command.string(
        Command.make(process.execPath, "--import", "tsx", "--import", file("withoutSdks.mjs"), file("makeProviders.ts"))
      )
      assert.deepStrictEqual(JSON.parse(output), [
        "OpenAiProvider needs the package \"openai\" (6.49 or later 6.x): npm i openai@6",
        "ChatCompletionsProvider needs the package \"openai\" (6.49 or later 6.x): npm i openai@6",
        "AnthropicProvider needs the package \"@anthropic-ai/sdk\" (1.12 or later 1.x): npm i @anthropic-ai/sdk@1"
      ])
    }).pipe(Effect.provide(NodeContext.layer)), 60_000)
})
