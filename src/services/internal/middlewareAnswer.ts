import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { InvalidRequest } from "../../domain/error/InvalidRequest.js"
import { FinishReason } from "../../domain/FinishReason.js"
import { JsonRecord } from "../../domain/JsonRecord.js"
import { Message } from "../../domain/Message.js"
import { Part } from "../../domain/Part.js"
import { SessionContext } from "../../domain/SessionContext.js"
import { TokenUsage } from "../../domain/TokenUsage.js"
import { Prompt } from "../../domain/Turn.js"
import type { ProviderRequest } from "../ProviderRequest.js"
import type { Reply } from "../Reply.js"

/**
 * Whether a middleware may answer `asked` with `answer`, and if not, why, without a word of what it said.
 */
export type Check<A> = (answer: unknown, asked: A) => Either.Either<A, string>

/** As many as a sender may send at once, unless there were more before. */
const maxParts = 64
const maxAddedMessages = 64

const decodePrompt = Schema.decodeUnknownEither(
  Schema.Struct({ ...Prompt.fields, parts: Prompt.fields.parts.pipe(Schema.minItems(1), Schema.maxItems(maxParts)) })
)

export const checkPrompt: Check<Prompt> = (answer) => Either.mapLeft(decodePrompt(answer), describe)

const isMessages = Schema.is(Schema.Array(Schema.typeSchema(Message)))
const validateFields = Schema.validateEither(Schema.Struct(Message.fields))
const validateContext = Schema.validateEither(SessionContext)

export const checkRequest: Check<ProviderRequest> = (answer, asked) =>
  Either.gen(function*() {
    if (!Predicate.isRecord(answer)) return yield* Either.left("it is not a request")
    const { context, messages, sessionId, turnId } = answer
    if (sessionId !== asked.sessionId || turnId !== asked.turnId) {
      return yield* Either.left("\"sessionId\" and \"turnId\" must stay as they are")
    }
    if (!isMessages(messages)) return yield* Either.left("\"messages\" must be an array of Message")
    if (messages.length > asked.messages.length + maxAddedMessages) {
      return yield* Either.left(`it adds more than ${maxAddedMessages} messages`)
    }
    const known = new Set(asked.messages)
    for (const message of messages.filter((message) => !known.has(message))) {
      yield* Either.mapLeft(validateFields(message), describe)
      yield* ofSession(message.sessionId, asked)
      if (message.parts.length > maxParts) return yield* Either.left(`a message has more than ${maxParts} parts`)
    }
    if (context === asked.context) return { ...asked, messages }
    const changed = yield* Either.mapLeft(validateContext(context), describe)
    yield* ofSession(changed.sessionId, asked)
    return { ...asked, messages, context: changed }
  })

const ofSession = (sessionId: string, asked: ProviderRequest): Either.Either<void, string> =>
  sessionId === asked.sessionId ? Either.void : Either.left("it belongs to another session")

const decodeReply = Schema.decodeUnknownEither(Schema.Struct({
  parts: Schema.Array(Part),
  finishReason: FinishReason,
  metadata: JsonRecord,
  usage: Schema.optionalWith(TokenUsage, { exact: true }),
  providerMessageId: Schema.optionalWith(Schema.String, { exact: true }),
  providerMetadata: Schema.optionalWith(JsonRecord, { exact: true })
}))

export const checkReply: Check<Reply> = (answer, asked) =>
  Either.filterOrLeft(
    Either.mapLeft(decodeReply(answer), describe),
    ({ parts }) => parts.length <= Math.max(maxParts, asked.parts.length),
    () => `it has more than ${maxParts} parts`
  )

const describe = (error: Parameters<typeof InvalidRequest.fromParseError>[0]): string =>
  InvalidRequest.fromParseError(error).message
