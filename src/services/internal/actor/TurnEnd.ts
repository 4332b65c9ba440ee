import type { TurnError } from "../../../domain/error/TurnError.js"
import type { Message } from "../../../domain/Message.js"

/**
 * How a turn ends: with its reply, or with an error and the part of the reply that had arrived, if any.
 */
export type TurnEnd =
  | { readonly error: undefined; readonly message: Message }
  | { readonly error: TurnError; readonly message: Message | undefined }
