import * as Schema from "effect/Schema"
import { AccessError } from "./AccessError.js"
import { OwnershipLost } from "./OwnershipLost.js"
import { SessionBusy } from "./SessionBusy.js"
import { SessionNotFound } from "./SessionNotFound.js"
import { SessionStateError } from "./SessionStateError.js"
import { SessionUnavailable } from "./SessionUnavailable.js"

/**
 * What any change of a session may answer.
 */
export const ChangeError = Schema.Union(
  AccessError,
  OwnershipLost,
  SessionBusy,
  SessionNotFound,
  SessionStateError,
  SessionUnavailable
)
export type ChangeError = typeof ChangeError.Type
