import * as Either from "effect/Either"
import { LimitExceeded } from "../../../domain/error/LimitExceeded.js"
import type { Prompt } from "../../../domain/Turn.js"
import type { SessionState } from "./SessionState.js"

const charactersPerToken = 4

/**
 * Whether a session's configuration has room for a prompt, and for so many messages more than there are.
 */
export const checkLimits = (
  { session }: SessionState,
  prompt: Prompt,
  moreMessages: number
): Either.Either<void, LimitExceeded> => {
  const { maxMessages, maxTokensPerMessage } = session.config
  const messages = session.messageCount + moreMessages
  if (maxMessages !== undefined && messages > maxMessages) {
    return refuse(session.id, "maxMessages", maxMessages, messages)
  }
  const tokens = tokensOf(prompt)
  return maxTokensPerMessage !== undefined && tokens > maxTokensPerMessage
    ? refuse(session.id, "maxTokensPerMessage", maxTokensPerMessage, tokens)
    : Either.void
}

const tokensOf = ({ parts }: Prompt): number =>
  Math.ceil(parts.reduce((sum, part) => sum + (part._tag === "Text" ? part.text.length : 0), 0) / charactersPerToken)

const refuse = (sessionId: SessionState["session"]["id"], limit: LimitExceeded["limit"], max: number, actual: number) =>
  Either.left(new LimitExceeded({ sessionId, limit, max, actual }))
