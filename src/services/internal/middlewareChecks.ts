import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { InvalidRequest } from "../../domain/error/RequestError.js"
import { JsonRecord } from "../../domain/Json.js"
import { FinishReason, Message, Part, TokenUsage } from "../../domain/Message.js"
import { SessionContext } from "../../domain/SessionContext.js"
import { Prompt } from "../../domain/Turn.js"
import type { ProviderRequest, Reply } from "../Provider.js"

/**
 * Validates what a middleware returned for `input`. The problem on the left quotes none of its text.
 */
export type Check<A> = (output: unknown, input: A) => Either.Either<A, string>

/** The same limit as for a sender, unless the input had more parts. */
const maxParts = 64
const maxAddedMessages = 64

const decodePrompt = Schema.decodeUnknownEither(
  Schema.Struct({ ...Prompt.fields, parts: Prompt.fields.parts.pipe(Schema.minItems(1), Schema.maxItems(maxParts)) })
)

export const checkPrompt: Check<Prompt> = (output) => Either.mapLeft(decodePrompt(output), describe)

const isMessages = Schema.is(Schema.Array(Schema.typeSchema(Message)))
const validateFields = Schema.validateEither(Schema.Struct(Message.fields))
const validateContext = Schema.validateEither(SessionContext)

/** Only messages and a context that are not in the input are validated. */
export const checkRequest: Check<ProviderRequest> = (output, input) =>
  Either.gen(function*() {
    if (!Predicate.isRecord(output)) return yield* Either.left("it must be a request")
    const { context, messages, sessionId, turnId } = output
    if (sessionId !== input.sessionId || turnId !== input.turnId) {
      return yield* Either.left("\"sessionId\" and \"turnId\" must stay the same")
    }
    if (!isMessages(messages)) return yield* Either.left("\"messages\" must be an array of Message")
    if (messages.length > input.messages.length + maxAddedMessages) {
      return yield* Either.left(`it adds more than ${maxAddedMessages} messages`)
    }
    const known = new Set(input.messages)
    for (const message of messages.filter((message) => !known.has(message))) {
      yield* Either.mapLeft(validateFields(message), describe)
      if (message.sessionId !== input.sessionId) return yield* Either.left("a message belongs to another session")
      if (message.parts.length > maxParts) return yield* Either.left(`a message has more than ${maxParts} parts`)
    }
    if (context === input.context) return { ...input, messages }
    const changed = yield* Either.mapLeft(validateContext(context), describe)
    if (changed.sessionId !== input.sessionId) return yield* Either.left("the context belongs to another session")
    return { ...input, messages, context: changed }
  })

const decodeReply = Schema.decodeUnknownEither(Schema.Struct({
  parts: Schema.Array(Part),
  finishReason: FinishReason,
  metadata: JsonRecord,
  usage: Schema.optionalWith(TokenUsage, { exact: true }),
  providerMessageId: Schema.optionalWith(Schema.String, { exact: true }),
  providerMetadata: Schema.optionalWith(JsonRecord, { exact: true })
}))

export const checkReply: Check<Reply> = (output, input) =>
  Either.filterOrLeft(
    Either.mapLeft(decodeReply(output), describe),
    ({ parts }) => parts.length <= Math.max(maxParts, input.parts.length),
    () => `it has more than ${maxParts} parts`
  )

const describe = (error: Parameters<typeof InvalidRequest.fromParseError>[0]): string =>
  InvalidRequest.fromParseError(error).message
