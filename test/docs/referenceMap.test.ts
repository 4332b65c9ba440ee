import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { quoted, rows } from "./referenceMap.js"
import { referenceNames } from "./referenceNames.js"

/** Expands `a.b(c, d)` to `a.b`, `a.b.c` and `a.b.d`. */
const expandNames = (text: string): ReadonlyArray<string> => {
  const { name = "", parameters } = /^(?<name>[^(]+)(?:\((?<parameters>.*)\))?$/.exec(text)?.groups ?? {}
  return [name, ...(parameters?.split(", ").map((parameter) => `${name}.${parameter}`) ?? [])]
}

describe("docs/reference-map.md", () => {
  it.effect("has three cells per row, with the equivalent here or a reason", () =>
    Effect.gen(function*() {
      for (const row of yield* rows) {
        const [reference = "", here = "", note = ""] = row
        assert.lengthOf(row, 3, reference)
        assert.isNotEmpty(quoted(reference), `a row without a name of the reference: ${row.join(" | ")}`)
        if (quoted(here).length === 0) {
          assert.include(["not here yet", "not needed"], here, reference)
          assert.isNotEmpty(note, `${reference} has no reason`)
        }
      }
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("lists exactly the names of the reference", () =>
    Effect.gen(function*() {
      const mapped = new Set((yield* rows).flatMap(([reference = ""]) => quoted(reference)).flatMap(expandNames))
      const known = new Set(referenceNames.flatMap(expandNames))
      assert.deepStrictEqual([...known].filter((name) => !mapped.has(name)), [], "not in the map")
      // The map may name a method for which the list has only parameters.
      assert.deepStrictEqual([...mapped].filter((name) => !known.has(name)), [], "not in the reference")
    }).pipe(Effect.provide(NodeContext.layer)))
})
