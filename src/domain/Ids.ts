import * as Schema from "effect/Schema"
import { ShortText } from "./Input.js"

/**
 * Identifies a conversation. Up to 64 letters, digits, `-` and `_`, because ids are used in file names, URLs and queries.
 */
export const SessionId = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_-]{1,64}$/, {
    description: "1 to 64 letters, digits, '-' or '_'"
  }),
  Schema.brand("SessionId")
)
export type SessionId = typeof SessionId.Type

/**
 * Identifies a turn: a send and the work to answer it. Same format as `SessionId`.
 */
export const TurnId = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_-]{1,64}$/, {
    description: "1 to 64 letters, digits, '-' or '_'"
  }),
  Schema.brand("TurnId")
)
export type TurnId = typeof TurnId.Type

/**
 * Identifies a message. Same format as `SessionId`.
 */
export const MessageId = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_-]{1,64}$/, {
    description: "1 to 64 letters, digits, '-' or '_'"
  }),
  Schema.brand("MessageId")
)
export type MessageId = typeof MessageId.Type

/**
 * Identifies the owner of a session, in the terms of the embedding application (a key, a user name, an e-mail address): 1 to
 * 256 characters without control characters or lone surrogates, and without white space at either end.
 */
export const UserId = ShortText(256).pipe(
  Schema.trimmed(),
  Schema.nonEmptyString(),
  Schema.brand("UserId")
)
export type UserId = typeof UserId.Type

/**
 * Makes a send repeatable: the same key in the same session is the same turn, also after a restart.
 */
export const IdempotencyKey = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_.:-]{1,128}$/, { description: "1 to 128 letters, digits, '_', '.', ':' or '-'" }),
  Schema.brand("IdempotencyKey")
)
export type IdempotencyKey = typeof IdempotencyKey.Type

/**
 * Number of an ownership of a session. Each owner that opens the session gets a higher one; the store then refuses writes of
 * earlier owners.
 */
export const Epoch = Schema.NonNegativeInt.pipe(Schema.brand("Epoch"))
export type Epoch = typeof Epoch.Type

/**
 * A hook's name, unique within a bus: 1 to 64 characters without control characters or lone surrogates.
 */
export const HookName = ShortText(64).pipe(Schema.nonEmptyString())

/**
 * Name of a backup. It is not a path: the store decides where backups are kept.
 */
export const BackupName = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, {
    description: "1 to 64 letters, digits, '-' or '_', starting with a letter or a digit"
  }),
  Schema.brand("BackupName")
)
export type BackupName = typeof BackupName.Type
