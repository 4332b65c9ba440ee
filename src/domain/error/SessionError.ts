import * as Schema from "effect/Schema"
import { ChangeError } from "./ChangeError.js"
import { InternalError } from "./InternalError.js"
import { MessageNotFound } from "./MessageNotFound.js"
import { SlowConsumer } from "./SlowConsumer.js"
import { TurnError } from "./TurnError.js"

/**
 * Every error of the project. Each has a `_tag`, a stable `code`, a `message` to act on, and the `sessionId` if there is
 * one.
 */
export const SessionError = Schema.Union(ChangeError, TurnError, MessageNotFound, SlowConsumer, InternalError)
export type SessionError = typeof SessionError.Type
