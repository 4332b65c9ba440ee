import * as Schema from "effect/Schema"
import { InternalError } from "./InternalError.js"
import { MessageNotFound } from "./MessageNotFound.js"
import { NotSupported } from "./NotSupported.js"
import { SendError } from "./SendError.js"
import { SlowConsumer } from "./SlowConsumer.js"
import { TurnNotFound } from "./TurnNotFound.js"

/**
 * Every error of the project. Each has a `_tag`, a stable `code`, a `message` to act on, and the `sessionId` if there is
 * one.
 */
export const SessionError = Schema.Union(
  SendError,
  MessageNotFound,
  TurnNotFound,
  SlowConsumer,
  InternalError,
  NotSupported
)
export type SessionError = typeof SessionError.Type
