import type Sqlite from "better-sqlite3"
import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import type { Message } from "../../../../domain/Message.js"
import type { SessionChanges } from "../../../../services/SessionChanges.js"

/**
 * A range of messages, by `seq`, that a history shows or has rewound. Forks share the messages of their origin by segments
 * that name the origin's key, so no message is ever copied.
 */
interface Segment {
  readonly from: number
  readonly to: number
  readonly rewound: number
}

/** The end of the segment that new messages go to. */
const openEnd = Number.MAX_SAFE_INTEGER

export interface SegmentStatements {
  readonly addSegment: Sqlite.Statement<[{ key: number; from: number; to: number; rewound: number }]>
  readonly openSegment: Sqlite.Statement<[{ key: number; from: number }]>
  readonly shareSegments: Sqlite.Statement<[{ key: number; origin: number; seq: number }]>
  readonly removeSegments: Sqlite.Statement<[key: number]>
  readonly splitSegment: Sqlite.Statement<[{ key: number; to: number; last: number }]>
  readonly cutSegment: Sqlite.Statement<[{ key: number; to: number }]>
  readonly rewindSegments: Sqlite.Statement<[{ key: number; to: number; last: number }]>
  readonly recount: Sqlite.Statement<[key: number], { message_count: number }>
}

export const prepareSegments = (db: Sqlite.Database): SegmentStatements => ({
  addSegment: db.prepare(`
    INSERT INTO segments (session_key, from_seq, to_seq, source_key, rewound) VALUES (@key, @from, @to, @key, @rewound)`),

  openSegment: db.prepare(`
    INSERT INTO segments (session_key, from_seq, to_seq, source_key, rewound) VALUES (@key, @from, ${openEnd}, @key, 0)
    ON CONFLICT DO NOTHING`),

  shareSegments: db.prepare(`
    INSERT INTO segments (session_key, from_seq, to_seq, source_key, rewound)
    SELECT @key, from_seq, min(to_seq, @seq), source_key, 0 FROM segments
    WHERE session_key = @origin AND from_seq <= @seq AND NOT rewound`),

  removeSegments: db.prepare(`DELETE FROM segments WHERE session_key = ?`),

  /** Gives the part of a segment after `to` a segment of its own, which is rewound. */
  splitSegment: db.prepare(`
    INSERT INTO segments (session_key, from_seq, to_seq, source_key, rewound)
    SELECT @key, @to + 1, min(to_seq, @last), source_key, 1 FROM segments
    WHERE session_key = @key AND from_seq <= @to AND to_seq > @to AND NOT rewound`),

  cutSegment: db.prepare(`
    UPDATE segments SET to_seq = @to
    WHERE session_key = @key AND from_seq <= @to AND to_seq > @to AND NOT rewound`),

  rewindSegments: db.prepare(`
    UPDATE segments SET to_seq = min(to_seq, @last), rewound = 1
    WHERE session_key = @key AND from_seq > @to AND from_seq <= @last`),

  recount: db.prepare(`
    UPDATE sessions SET message_count = (
      SELECT coalesce(sum(min(to_seq, last_seq) - from_seq + 1), 0) FROM segments
      WHERE session_key = sessions.key AND NOT rewound
    ) WHERE key = ? RETURNING message_count`)
})

/**
 * Clears or rewinds a history whose last message has the `seq` `last`. The next message goes to a new segment.
 */
export const changeSegments = (
  on: SegmentStatements,
  key: number,
  last: number,
  { clearMessages = false, rewindTo: to = last }: SessionChanges
): void => {
  if (clearMessages) on.removeSegments.run(key)
  if (to < last) {
    on.splitSegment.run({ key, to, last })
    on.cutSegment.run({ key, to })
    on.rewindSegments.run({ key, to, last })
  }
  if (clearMessages || to < last) {
    on.openSegment.run({ key, from: last + 1 })
    on.recount.get(key)
  }
}

/**
 * The fewest segments for a history and its rewound messages, with a gap wherever `seq` has one.
 */
export const toSegments = (
  messages: ReadonlyArray<Message>,
  rewound: ReadonlyArray<Message>
): ReadonlyArray<Segment> => {
  const segments: Array<Segment> = []
  const places = [
    ...messages.map(({ seq }) => ({ seq, rewound: 0 })),
    ...rewound.map(({ seq }) => ({ seq, rewound: 1 }))
  ]
  for (const { rewound, seq } of Arr.sort(places, bySeq)) {
    const last = segments.at(-1)
    const from = last && last.to === seq - 1 && last.rewound === rewound ? segments.pop()?.from ?? seq : seq
    segments.push({ from, to: seq, rewound })
  }
  return segments
}

const bySeq = Order.mapInput(Order.number, ({ seq }: { readonly seq: number }) => seq)
