import { assert, describe, it } from "@effect/vitest"
import { acceptsMessages, canTransition, SessionStatus } from "../../src/domain/Session.js"

describe("SessionStatus", () => {
  it("allows these transitions and no others", () => {
    const allowed = SessionStatus.literals.flatMap((from) =>
      SessionStatus.literals.filter((to) => canTransition(from, to)).map((to) => `${from} -> ${to}`)
    )
    assert.deepStrictEqual(allowed, [
      "active -> idle",
      "active -> archived",
      "active -> deleted",
      "active -> error",
      "idle -> active",
      "idle -> archived",
      "idle -> deleted",
      "idle -> error",
      "archived -> active",
      "archived -> deleted",
      "error -> active",
      "error -> archived",
      "error -> deleted"
    ])
  })

  it("accepts messages only while active or idle", () => {
    assert.deepStrictEqual(SessionStatus.literals.filter(acceptsMessages), ["active", "idle"])
  })
})
