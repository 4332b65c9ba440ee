import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { quoted, rows } from "./referenceMap.js"
import { referenceNames } from "./referenceNames.js"

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
})
