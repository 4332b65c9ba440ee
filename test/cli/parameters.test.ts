import { assert, describe, it } from "@effect/vitest"
import { Duration, Option } from "effect"
import { age, duration } from "../../src/cli/parameters.js"

describe("duration", () => {
  it.each([
    ["30s", 30_000],
    ["1.5m", 90_000],
    ["30 days", 2_592_000_000],
    ["1 millis", 1]
  ])("reads %s", (text, millis) => {
    assert.deepStrictEqual(Option.map(duration.read(text), Duration.toMillis), Option.some(millis))
  })

  it.each(["1 nanos", "999 micros", "0s", "0.0001s", "-1 seconds", "", "soon"])("refuses %s", (text) => {
    assert.isTrue(Option.isNone(duration.read(text)))
  })
})

describe("age", () => {
  it("may be 0, but not between that and 1 ms", () => {
    for (const text of ["0s", "1 millis", "30d"]) assert.isTrue(Option.isSome(age.read(text)), text)
    for (const text of ["1 nanos", "0.0001s", "soon"]) assert.isTrue(Option.isNone(age.read(text)), text)
  })
})
