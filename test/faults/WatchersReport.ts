import { Schema } from "effect"

/**
 * What the watchers of a soak have seen.
 */
export const WatchersReport = Schema.Struct({
  /** Entries of feeds, text included. */
  entries: Schema.Number,
  /** Connections that were opened, first ones included. */
  connections: Schema.Number,
  /** Upgrades that the server refused. */
  refused: Schema.Number,
  /** Entries that were lost, repeated or out of place. */
  problems: Schema.Array(Schema.String),
  /** The number of the last event of each session. */
  last: Schema.Record({ key: Schema.String, value: Schema.Number })
})
export interface WatchersReport extends Schema.Schema.Type<typeof WatchersReport> {}
