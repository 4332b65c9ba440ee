import { describe, it } from "@effect/vitest"
import { floodManySessions, floodOneSession } from "./load.js"

/** Run by `npm run faults` alone: as many as the fault matrix says. */
describe("load", () => {
  it.effect(
    "rows 51, 52: answers each of 10,000 sends at once, accepts as many as have room, and keeps their order",
    () => floodOneSession(10_000),
    120_000
  )

  it.effect(
    "row 53: answers a send to each of 10,000 sessions, none of which waits for another",
    () => floodManySessions(10_000),
    120_000
  )
})
