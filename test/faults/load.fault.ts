import { describe, it } from "@effect/vitest"
import { floodManySessions, floodOneSession } from "./load.js"

/** The full load of the fault matrix. */
describe("load", () => {
  it.effect(
    "rows 51, 52: answers each of 10,000 concurrent sends, accepts as many as fit, and keeps their order",
    () => floodOneSession(10_000)
  )

  it.effect(
    "row 53: answers a send to each of 10,000 sessions without waiting for a slow one",
    () => floodManySessions(10_000)
  )
})
