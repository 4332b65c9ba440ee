import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const root = new URL("../../", import.meta.url).pathname
const read = (path: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(`${root}${path}`))

const headings = /^### (?<number>\d+)\. /gm
const references = /^- `(?<file>[\w/.]+\.ts)`: "(?<title>.+)"$/gm

/** Whether a file has a test, or a case of a suite, with this title as the first argument. */
const hasTitle = (source: string, title: string) =>
  ["\"", "`"].some((quote) => source.replaceAll(/\(\s+/g, "(").includes(`(${quote}${title}${quote},`))

describe("docs/guarantees.md", () => {
  it.effect("states 31 promises, each with a test or a gap marked \"Not yet\"", () =>
    Effect.gen(function*() {
      const sections = (yield* read("docs/guarantees.md")).split(/^(?=### )/m).slice(1)
      assert.deepStrictEqual(
        sections.map((section) => Number([...section.matchAll(headings)][0]?.groups?.["number"])),
        Array.from({ length: 32 }, (_, index) => index + 1)
      )
      const empty = sections.filter((section) => section.match(references) === null && !section.includes("Not yet:"))
      assert.deepStrictEqual(empty, [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("names tests that exist", () =>
    Effect.gen(function*() {
      const text = yield* read("docs/guarantees.md")
      const named = Array.from(text.matchAll(references), ({ groups }) => groups ?? {})
      assert.strictEqual(named.length, text.match(/^- /gm)?.length, "each list entry is a file and a title")
      const missing = yield* Effect.filter(named, ({ file = "", title = "" }) =>
        read(file).pipe(
          Effect.map((source) => !hasTitle(source, title)),
          Effect.orElseSucceed(() => true)
        ))
      assert.deepStrictEqual(missing, [])
    }).pipe(Effect.provide(NodeContext.layer)))
})
