import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { publicNames } from "./publicNames.js"
import { referenceNames } from "./referenceNames.js"

const root = new URL("../../", import.meta.url).pathname

const rows = Effect.map(
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(`${root}docs/reference-map.md`)),
  (text) =>
    text.split("\n").filter((line) => line.startsWith("|")).map((line) =>
      line.split("|").slice(1, -1).map((cell) => cell.trim())
    ).filter(([first = ""]) => first !== "reference" && !first.startsWith("---"))
)

const quoted = (cell: string): ReadonlyArray<string> =>
  [...cell.matchAll(/`(?<name>[^`]+)`/g)].map(([, name = ""]) => name)

/** `a.b(c, d)` is `a.b`, `a.b.c` and `a.b.d`. */
const namesOf = (text: string): ReadonlyArray<string> => {
  const { name = "", parameters } = /^(?<name>[^(]+)(?:\((?<parameters>.*)\))?$/.exec(text)?.groups ?? {}
  return [name, ...(parameters?.split(", ").map((parameter) => `${name}.${parameter}`) ?? [])]
}

describe("docs/reference-map.md", () => {
  it.effect("has three cells in each row, and says where each thing is, or why it is nowhere", () =>
    Effect.gen(function*() {
      for (const row of yield* rows) {
        const [reference = "", here = "", note = ""] = row
        assert.lengthOf(row, 3, reference)
        assert.isNotEmpty(quoted(reference), `a row names nothing of the reference: ${row.join(" | ")}`)
        if (quoted(here).length === 0) {
          assert.include(["not here yet", "not needed"], here, reference)
          assert.isNotEmpty(note, `${reference} has no reason`)
        }
      }
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("misses nothing that the reference names, and names nothing else", () =>
    Effect.gen(function*() {
      const mapped = new Set((yield* rows).flatMap(([reference = ""]) => quoted(reference)).flatMap(namesOf))
      const known = new Set(referenceNames.flatMap(namesOf))
      assert.deepStrictEqual([...known].filter((name) => !mapped.has(name)), [], "not in the map")
      // The map may speak of a method whose parameters alone the list has.
      assert.deepStrictEqual([...mapped].filter((name) => !known.has(name)), [], "not in the reference")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("names what is exported, and its members", () =>
    Effect.gen(function*() {
      const names = publicNames(root)
      const here = new Set((yield* rows).flatMap(([, here = ""]) => quoted(here)))
      assert.isAbove(here.size, 100)
      assert.deepStrictEqual([...here].filter((name) => !names.has(name)), [], "not exported")
      // So that this is not for want of looking.
      for (
        const wrong of [
          "Session.sent",
          "Session.send.name",
          "SessionRuntime.layerNone",
          "SessionStatus.gone",
          "Nothing"
        ]
      ) {
        assert.isFalse(names.has(wrong), wrong)
      }
    }).pipe(Effect.provide(NodeContext.layer)))
})
