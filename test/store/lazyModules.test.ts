import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { build } from "esbuild"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

/** Packages that a program loads before it builds any layer: the static imports of its modules, and theirs. */
const packagesOf = (program: string) =>
  Effect.promise(async () => {
    const { metafile } = await build({
      stdin: { contents: program, resolveDir: `${root}src`, loader: "ts" },
      bundle: true,
      splitting: true,
      outdir: "out",
      format: "esm",
      platform: "node",
      packages: "external",
      // Node loads every module that is imported, used or not.
      ignoreAnnotations: true,
      treeShaking: false,
      metafile: true,
      write: false
    })
    const { outputs } = metafile
    const visit = (path: string, seen: Set<string>): ReadonlyArray<string> => {
      if (seen.has(path)) return []
      seen.add(path)
      return (outputs[path]?.imports ?? []).filter(({ kind }) => kind === "import-statement").flatMap((each) =>
        each.external ? [each.path] : visit(each.path, seen)
      )
    }
    return new Set(visit("out/stdin.js", new Set()))
  })

const isHeavy = (name: string) =>
  /sqlite|^openai|^@anthropic-ai|genai-prices|^@effect\/(sql|opentelemetry)|^ws$/.test(name)

describe("a program with the memory store and the mock", () => {
  it.effect("loads no module of SQLite or of a vendor", () =>
    Effect.gen(function*() {
      const packages = yield* packagesOf(
        `import { SessionRuntime } from "./index.js"; console.log(SessionRuntime.layerDevelopment)`
      )
      assert.isTrue(packages.has("effect/Effect"))
      assert.deepStrictEqual([...packages].filter(isHeavy), [])
    }))

  it.effect("loads neither with promises", () =>
    Effect.gen(function*() {
      const packages = yield* packagesOf(
        `import { createSessionManager } from "./promise/index.js"; console.log(createSessionManager)`
      )
      assert.isTrue(packages.has("effect/Effect"))
      assert.deepStrictEqual([...packages].filter(isHeavy), [])
    }))

  it.effect("would be seen to load SQLite", () =>
    Effect.gen(function*() {
      const packages = yield* packagesOf(`import "./layers/store/internal/sqlite/openStore.js"`)
      assert.isTrue(packages.has("better-sqlite3"))
    }))
})
