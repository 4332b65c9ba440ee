import * as Rpc from "@effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Text from "effect/String"
import { AccessError } from "../domain/error/SessionError.js"
import { SessionId } from "../domain/Ids.js"
import { ImportOptions, ImportOutcome } from "../domain/Transfer.js"
import { managerOperations, type Operation, sessionOperations } from "../services/SessionOperations.js"
import { Authentication } from "./Authentication.js"
import { SanitizedDefect } from "./internal/handlers/sanitizedDefect.js"
import { makeRpcGroup } from "./internal/rpcGroup.js"

/** Characters of one part of an import. In any script they fit into one call. */
export const maxPartLength = 256 * 1024

/**
 * One part of an imported session, since a session may be far larger than a call. The last part returns the outcome of the
 * import, the others return `null`.
 */
export const ImportPart = Schema.Struct({
  /** Names the import that the part belongs to. */
  upload: Schema.UUID,
  /** The part's place: 0, 1, 2, ... */
  index: Schema.NonNegativeInt,
  text: Schema.String.pipe(Schema.maxLength(maxPartLength)),
  last: Schema.Boolean,
  options: ImportOptions
})
export interface ImportPart extends Schema.Schema.Type<typeof ImportPart> {}

/**
 * The calls of a session server: one for each operation of `SessionManager` and `Session`, named as there with a capital
 * first letter. A payload that does not fit its schema fails with `InvalidRequest`; a defect of the server arrives as an
 * `InternalError`.
 */
export class SessionRpcs extends makeRpcGroup(managerOperations, {}, SanitizedDefect).merge(
  makeRpcGroup(sessionOperations, { sessionId: SessionId }, SanitizedDefect)
).add(
  Rpc.make("ImportPart", {
    payload: ImportPart,
    success: Schema.NullOr(ImportOutcome),
    error: AccessError,
    defect: SanitizedDefect
  })
).middleware(Authentication) {
  /** Path of the server's endpoint. */
  static readonly path = "/rpc"

  /** Calls that never end by themselves; a stopping server does not wait for them. */
  static readonly endless: ReadonlySet<string> = new Set(["Watch"])

  /** Calls that return a stream. */
  static readonly streams: ReadonlySet<string> = namesOf(({ stream }) => stream === true)

  /** Calls whose answer may be many kilobytes. */
  static readonly large: ReadonlySet<string> = namesOf(({ large }) => large === true)

  /** Largest size of a call, in bytes. */
  static readonly maxRequestBytes = 1024 * 1024
}

function namesOf(matches: (operation: Operation) => boolean): ReadonlySet<string> {
  return new Set(
    Object.entries<Operation>({ ...managerOperations, ...sessionOperations })
      .filter(([, operation]) => matches(operation))
      .map(([name]) => Text.capitalize(name))
  )
}
