import { defaultTransforms } from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { snakeToCamel } from "effect/String"
import { StoreError } from "../../../../domain/error/StoreError.js"
import type { SessionEvent } from "../../../../domain/Events.js"
import type { FinishReason, Role } from "../../../../domain/Message.js"
import type { BusyPolicy, OnUnknown, TurnStatus } from "../../../../domain/Turn.js"

/**
 * A column that holds a number in place of each word.
 */
export const coded = <Word extends string>(codes: Readonly<Record<Word, number>>): Schema.Schema<Word, number> =>
  Schema.transformLiterals(...Record.toEntries(codes).map(([word, code]) => [code, word] as const))

/**
 * The numbers that stand for words in the rows which a turn makes, where the words would be a good part of the row. They are
 * in every database there is: a new word gets a new number, and no number ever changes.
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

/**
 * Reads what a statement answered. What cannot be read was not written by us.
 */
export const decodeRow = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknown(schema)
  return (row: unknown): Effect.Effect<A, StoreError> => Effect.mapError(decode(row), unreadable)
}

const unreadable = () => new StoreError({ reason: "Corrupt", detail: "a row cannot be read" })

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * An id as a column holds it. Those that `IdGenerator` makes are UUIDs, of which 16 bytes say what 36 characters do, in rows
 * and once more in indexes; any other stays as it is.
 */
export const idToColumn = (id: string): string | Uint8Array =>
  uuid.test(id) ? Buffer.from(id.replaceAll("-", ""), "hex") : id

/**
 * A column of ids that `idToColumn` made.
 */
export const idColumn = <Id extends string>(id: Schema.Schema<Id, string>): Schema.Schema<Id, string | Uint8Array> =>
  Schema.compose(
    Schema.transform(Schema.Union(Schema.String, Schema.Uint8ArrayFromSelf), Schema.String, {
      strict: true,
      decode: (column) => typeof column === "string" ? column : uuidOf(column),
      encode: idToColumn
    }),
    id
  )

const uuidOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")

/**
 * A column that is NULL where the field is absent.
 */
export const nullable = <A, I>(column: Schema.Schema<A, I>) =>
  Schema.requiredToOptional(Schema.NullOr(column), Schema.typeSchema(column), {
    decode: (value) => value === null ? Option.none() : Option.some(value),
    encode: Option.getOrNull
  })

/**
 * Gives rows of a prepared statement the names that rows of `@effect/sql` have.
 */
export const renameColumns: (rows: ReadonlyArray<object>) => ReadonlyArray<object> =
  defaultTransforms(snakeToCamel).array

/**
 * The condition of the index `turns_open`, word for word, as SQLite wants it.
 */
export const whereTurnIsOpen = `turns.status IN (${codes.turnStatus.accepted}, ${codes.turnStatus.calling})`
