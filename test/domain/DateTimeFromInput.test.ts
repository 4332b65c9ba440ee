import { assert, describe, it } from "@effect/vitest"
import { DateTime, Either, FastCheck, Schema } from "effect"
import { DateTimeFromInput } from "../../src/domain/Input.js"

const decode = Schema.decodeUnknownEither(DateTimeFromInput)

describe("DateTimeFromInput", () => {
  it("accepts any time and its ISO 8601 text to the millisecond", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.date({ noInvalidDate: true }), (date) => {
        const moment = DateTime.unsafeMake(date)
        assert.deepStrictEqual(Either.getOrThrow(decode(moment)), moment)
        assert.deepStrictEqual(Either.getOrThrow(decode(Schema.encodeSync(DateTimeFromInput)(moment))), moment)
      })
    )
  })

  it.each([
    ["2024-05-06", "2024-05-06T00:00:00.000Z"],
    ["2024-05-06T07:08", "2024-05-06T07:08:00.000Z"],
    ["2024-05-06T07:08:09", "2024-05-06T07:08:09.000Z"],
    ["2024-05-06T07:08:09.123Z", "2024-05-06T07:08:09.123Z"],
    ["2024-05-06T07:08:09+02:00", "2024-05-06T05:08:09.000Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["2024-02-29T23:30:00-02:00", "2024-03-01T01:30:00.000Z"],
    ["-000001-12-31", "-000001-12-31T00:00:00.000Z"]
  ])(
    "reads %s as %s",
    (input, moment) => assert.strictEqual(DateTime.formatIso(Either.getOrThrow(decode(input))), moment)
  )

  it.each([
    "",
    "yesterday",
    "2024-13-01",
    "1",
    "March 7",
    "7/3/2024",
    "2024-05-06 or so",
    0,
    null,
    "2024-02-30T25:00:00Z",
    "2024-02-30",
    "2023-02-29",
    "2024-04-31T23:30:00-02:00",
    "+002024-06-31",
    "2024-05-00",
    "-000000-01-01",
    "2024-05-06T07:08+99:99"
  ])(
    "refuses %j",
    (input) => assert.isTrue(Either.isLeft(decode(input)))
  )
})
