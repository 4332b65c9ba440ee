import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const root = new URL("../../", import.meta.url).pathname
const read = (path: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(`${root}${path}`))

const headings = /^### (?<number>\d+)\. /gm
const references = /^- `(?<file>[\w/.]+\.ts)`: "(?<title>.+)"$/gm

/** A title is the first argument of a test, or of a case of a suite. */
const holds = (source: string, title: string) =>
  ["\"", "`"].some((quote) => source.replaceAll(/\(\s+/g, "(").includes(`(${quote}${title}${quote},`))

describe("docs/guarantees.md", () => {
  it.effect("states 31 promises, each with a test or with what is not kept yet", () =>
    Effect.gen(function*() {
      const sections = (yield* read("docs/guarantees.md")).split(/^(?=### )/m).slice(1)
      assert.deepStrictEqual(
        sections.map((section) => Number([...section.matchAll(headings)][0]?.groups?.["number"])),
        Array.from({ length: 31 }, (_, index) => index + 1)
      )
      const empty = sections.filter((section) => section.match(references) === null && !section.includes("Not yet:"))
      assert.deepStrictEqual(empty, [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("names tests that exist", () =>
    Effect.gen(function*() {
      const text = yield* read("docs/guarantees.md")
      const named = Array.from(text.matchAll(references), ({ groups }) => groups ?? {})
      assert.strictEqual(named.length, text.match(/^- /gm)?.length, "each entry of a list is a file with a title")
      const missing = yield* Effect.filter(named, ({ file = "", title = "" }) =>
        read(file).pipe(
          Effect.map((source) => !holds(source, title)),
          Effect.orElseSucceed(() => true)
        ))
      assert.deepStrictEqual(missing, [])
    }).pipe(Effect.provide(NodeContext.layer)))
})
