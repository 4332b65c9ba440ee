import type { TurnError } from "../../../domain/error/TurnError.js"
import type { Message } from "../../../domain/Message.js"
import type { CallTrace } from "./CallTrace.js"

/**
 * How a turn ends: with its reply, or with an error and the part of the reply that had arrived, if any; and what its last
 * provider call leaves behind.
 */
export type TurnEnd =
  & CallTrace
  & (
    | { readonly error: undefined; readonly message: Message }
    | { readonly error: TurnError; readonly message: Message | undefined }
  )
