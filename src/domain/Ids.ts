import * as Schema from "effect/Schema"
import { ShortText } from "./Input.js"

/**
 * Names a backup. A name and no path: where backups are is for the store to say.
 */
export const BackupName = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, {
    description: "1 to 64 letters, digits, '-' or '_', and a letter or a digit first"
  }),
  Schema.brand("BackupName")
)
export type BackupName = typeof BackupName.Type

/**
 * Number of an ownership of a session. Whoever opens the session next gets a higher one, and from then on the store
 * refuses what the earlier owner still tries to write.
 */
export const Epoch = Schema.NonNegativeInt.pipe(Schema.brand("Epoch"))
export type Epoch = typeof Epoch.Type

/**
 * A hook's name, unique within a bus: 1 to 64 characters, none of them a control character or a lone surrogate.
 */
export const HookName = ShortText(64).pipe(Schema.nonEmptyString())

/**
 * Names one send, so that it can be repeated safely: the same key in the same session is the same turn, also after a restart.
 */
export const IdempotencyKey = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_.:-]{1,128}$/, { description: "1 to 128 letters, digits, '_', '.', ':' or '-'" }),
  Schema.brand("IdempotencyKey")
)
export type IdempotencyKey = typeof IdempotencyKey.Type

/**
 * Names one message. The same grammar as a session's id.
 */
export const MessageId = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_-]{1,64}$/, {
    description: "1 to 64 letters, digits, '-' or '_'"
  }),
  Schema.brand("MessageId")
)
export type MessageId = typeof MessageId.Type

/**
 * Names one conversation. Up to 64 letters, digits, `-` and `_`: ids travel in file names, URLs and queries, so nothing
 * else may stand in one.
 */
export const SessionId = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_-]{1,64}$/, {
    description: "1 to 64 letters, digits, '-' or '_'"
  }),
  Schema.brand("SessionId")
)
export type SessionId = typeof SessionId.Type

/**
 * Names one turn: a send, and all that is done to answer it. The same grammar as a session's id.
 */
export const TurnId = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z0-9_-]{1,64}$/, {
    description: "1 to 64 letters, digits, '-' or '_'"
  }),
  Schema.brand("TurnId")
)
export type TurnId = typeof TurnId.Type

/**
 * Names whose session it is, in the words of the embedding application (a key, a user name, an e-mail address): 1 to 256
 * characters, none of them a control character or a lone surrogate, none of them blank at either end.
 */
export const UserId = ShortText(256).pipe(Schema.trimmed(), Schema.nonEmptyString(), Schema.brand("UserId"))
export type UserId = typeof UserId.Type
