import { assert, describe, it } from "@effect/vitest"
import { readRetryAfter } from "../../../src/layers/provider/internal/sdk/errors.js"

describe("readRetryAfter", () => {
  it.each<[number | undefined, Readonly<Record<string, string>>]>([
    [2_000, { "retry-after": "2" }],
    [1_500, { "retry-after": "1.5" }],
    [0, { "retry-after": "0" }],
    [1e12, { "retry-after": "1000000000" }],
    [30_000, { "retry-after": "Thu, 01 Jan 1970 00:01:00 GMT" }],
    [0, { "retry-after": "Thu, 01 Jan 1970 00:00:01 GMT" }],
    [0, { "retry-after": "Wed, 31 Dec 1969 00:00:00 GMT" }],
    [250, { "retry-after-ms": "250" }],
    [250, { "retry-after-ms": "250", "retry-after": "7" }],
    [7_000, { "retry-after-ms": "soon", "retry-after": "7" }],
    [undefined, { "retry-after": "-1" }],
    [undefined, { "retry-after": "soon" }],
    [undefined, { "retry-after": "" }],
    [undefined, { "retry-after": "Infinity" }],
    [undefined, {}]
  ])("row 35: reads %s ms from %j", (wait, headers) => {
    assert.strictEqual(readRetryAfter(new Headers(headers), 30_000), wait)
  })
})
