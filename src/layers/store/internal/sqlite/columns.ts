import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import type { SessionEvent } from "../../../../domain/Events.js"
import type { FinishReason, Role } from "../../../../domain/Message.js"
import type { BusyPolicy, OnUnknown, TurnStatus } from "../../../../domain/Turn.js"

/**
 * A column that stores each word as a number.
 */
export const coded = <Word extends string>(codes: Readonly<Record<Word, number>>): Schema.Schema<Word, number> =>
  Schema.transformLiterals(...Record.toEntries(codes).map(([word, code]) => [code, word] as const))

/**
 * The numbers of words in the rows that each turn adds, where words would be a large part of the row. Existing databases hold
 * these numbers: give a new word a new number, and never change one.
 */
export const codes = {
  busyPolicy: { queue: 0, reject: 1, interrupt: 2, rollback: 3, steer: 4 },
  event: {
    SessionCreated: 0,
    SessionArchived: 1,
    SessionReactivated: 2,
    SessionErrored: 3,
    MessageSent: 4,
    MessageReceived: 5,
    MessagesCleared: 6,
    MessagesRewound: 7,
    ContextUpdated: 8,
    TurnAccepted: 9,
    TurnEdited: 10,
    TurnStarted: 11,
    TurnJoined: 12,
    TurnCompleted: 13,
    TurnStopped: 14,
    TurnFailed: 15,
    TurnNoticed: 16,
    SessionConfigured: 17
  },
  finishReason: { complete: 0, length: 1, toolCalls: 2, paused: 3, refusal: 4, cut: 5 },
  onUnknown: { interrupt: 0, retry: 1 },
  role: { user: 0, assistant: 1, system: 2, tool: 3 },
  turnStatus: { accepted: 0, calling: 1, completed: 2, stopped: 3, failed: 4, interrupted: 5 }
} as const satisfies {
  readonly busyPolicy: Readonly<Record<BusyPolicy, number>>
  readonly event: Readonly<Record<Exclude<SessionEvent["_tag"], "SessionDeleted">, number>>
  readonly finishReason: Readonly<Record<FinishReason, number>>
  readonly onUnknown: Readonly<Record<OnUnknown, number>>
  readonly role: Readonly<Record<Role, number>>
  readonly turnStatus: Readonly<Record<TurnStatus, number>>
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * Encodes an id. `IdGenerator` makes UUIDs, which take 16 bytes instead of 36 characters in rows and in indexes. Other ids are
 * stored as they are.
 */
export const idToColumn = (id: string): string | Uint8Array =>
  uuid.test(id) ? Buffer.from(id.replaceAll("-", ""), "hex") : id

/**
 * A column of ids, encoded by `idToColumn`.
 */
export const idColumn = <Id extends string>(id: Schema.Schema<Id, string>): Schema.Schema<Id, string | Uint8Array> =>
  Schema.compose(
    Schema.transform(Schema.Union(Schema.String, Schema.Uint8ArrayFromSelf), Schema.String, {
      strict: true,
      decode: (column) => typeof column === "string" ? column : bytesToUuid(column),
      encode: idToColumn
    }),
    id
  )

const bytesToUuid = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")

/**
 * A column that is NULL when the field is absent.
 */
export const nullable = <A, I>(column: Schema.Schema<A, I>) =>
  Schema.requiredToOptional(Schema.NullOr(column), Schema.typeSchema(column), {
    decode: (value) => value === null ? Option.none() : Option.some(value),
    encode: Option.getOrNull
  })
