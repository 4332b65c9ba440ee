import * as Schema from "effect/Schema"
import assert from "node:assert/strict"

/**
 * Compares two values by what they would be on the wire, so that it does not matter how a store builds them.
 */
export const assertSame = <A, I>(schema: Schema.Schema<A, I>, actual: A, expected: A): void =>
  assert.deepEqual(Schema.encodeSync(schema)(actual), Schema.encodeSync(schema)(expected))
