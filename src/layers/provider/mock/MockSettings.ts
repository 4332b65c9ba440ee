import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { DurationFromInput } from "../../../domain/DurationFromInput.js"

const duration = Schema.optionalWith(DurationFromInput, { exact: true })

/**
 * How a mock answers what is not scripted. A session sets the same keys in its `providerConfig`.
 */
export const MockSettings = Schema.Struct({
  /** The reply. `{input}` stands for the text of the last user message. `You said: {input}` unless told. */
  pattern: Schema.optionalWith(Schema.String, { exact: true }),
  /** Before the first chunk, and before a failure. None unless told. */
  delay: duration,
  /** Between one chunk and the next. None unless told: then all chunks come at once. */
  chunkDelay: duration,
  /** How many of the calls fail with `ProviderTransient`: 0, none, to 1, all. 0 unless told. */
  errorRate: Schema.optionalWith(Schema.Number.pipe(Schema.between(0, 1)), { exact: true }),
  /** Words of a chunk. 1 unless told. */
  chunkSize: Schema.optionalWith(Schema.Positive.pipe(Schema.int()), { exact: true })
})
export interface MockSettings extends Required<Schema.Schema.Type<typeof MockSettings>> {}

export const defaultSettings: MockSettings = {
  pattern: "You said: {input}",
  delay: Duration.zero,
  chunkDelay: Duration.zero,
  errorRate: 0,
  chunkSize: 1
}
