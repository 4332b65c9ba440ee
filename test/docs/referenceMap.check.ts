import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { publicNames } from "./publicNames.js"
import { quoted, root, rows } from "./referenceMap.js"

/** Run by `npm run check`, since it compiles the package. */
describe("docs/reference-map.md", () => {
  it.effect("names exports and their members", () =>
    Effect.gen(function*() {
      const names = publicNames(root)
      const here = new Set((yield* rows).flatMap(([, here = ""]) => quoted(here)))
      assert.isAbove(here.size, 100)
      assert.deepStrictEqual([...here].filter((name) => !names.has(name)), [], "not exported")
      // Proves that the lookup can fail.
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
