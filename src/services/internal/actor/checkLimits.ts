import * as Either from "effect/Either"
import { LimitExceeded } from "../../../domain/error/LimitExceeded.js"
import type { Prompt } from "../../../domain/Turn.js"
import { estimateTokens } from "../provider/estimateTokens.js"
import type { SessionState } from "./SessionState.js"

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
  const tokens = estimateTokens(prompt.parts)
  return maxTokensPerMessage !== undefined && tokens > maxTokensPerMessage
    ? refuse(session.id, "maxTokensPerMessage", maxTokensPerMessage, tokens)
    : Either.void
}

const refuse = (sessionId: SessionState["session"]["id"], limit: LimitExceeded["limit"], max: number, actual: number) =>
  Either.left(new LimitExceeded({ sessionId, limit, max, actual }))
