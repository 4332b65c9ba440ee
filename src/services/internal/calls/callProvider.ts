import * as Cause from "effect/Cause"
import type * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { EmptyReply, type ProviderError, ProviderProtocol } from "../../../domain/error/ProviderError.js"
import type { ConfigurationError } from "../../../domain/error/RequestError.js"
import { type TurnError, TurnInterrupted } from "../../../domain/error/TurnError.js"
import { OpaquePart, ToolCallPart } from "../../../domain/Message.js"
import type { ProviderCursor } from "../../../domain/Provider.js"
import type { Attempt } from "../../../domain/Turn.js"
import type { Pricing } from "../../Pricing.js"
import type { ProviderEvent, ProviderRequest, Reply } from "../../Provider.js"
import { adaptParts } from "./contextWindow.js"
import type { Conversations } from "./conversations.js"
import { type CallProgress, foldReply, isEmpty } from "./foldReply.js"
import type { Target } from "./targets.js"

/**
 * Runs `f` on each chunk of a stream until it answers false, and closes the stream. `Stream.runForEachChunk` takes three times
 * as long, which is more than all the rest of a turn: it runs a sink, and this pulls by hand.
 */
export const forEachChunk = <A, E>(
  stream: Stream.Stream<A, E>,
  f: (chunk: Chunk.Chunk<A>) => Effect.Effect<boolean, E>
): Effect.Effect<void, E> =>
  Effect.scoped(
    Effect.flatMap(Stream.toPull(stream), (pull) => {
      const next: Effect.Effect<void, Option.Option<E>> = Effect.flatMap(
        pull,
        (chunk) => Effect.flatMap(Effect.mapError(f(chunk), Option.some), (goesOn) => goesOn ? next : Effect.void)
      )
      return next
    })
  ).pipe(Effect.catchAll(Option.match({ onNone: () => Effect.void, onSome: Effect.fail })))

/**
 * One call of one provider.
 */
export interface ProviderCall {
  readonly target: Target
  readonly request: Omit<ProviderRequest, "hold">
  readonly conversations: Conversations
  readonly pricing: Pricing["Type"]
  /** Present when the provider may hold the conversation itself: with the copy there is, if it can be gone on with. */
  readonly hold: { readonly cursor: ProviderCursor | undefined } | undefined
  /** Shows text as it arrives. */
  readonly show: ((text: string) => void) | undefined
  /** Stores what has been shown, from time to time. */
  readonly checkpoint: Effect.Effect<void>
}

/**
 * Makes the call, and keeps in `asked` what has become of it.
 */
export const callProvider = (
  call: ProviderCall,
  asked: CallProgress
): Effect.Effect<Reply, ConfigurationError | ProviderError> =>
  Effect.gen(function*() {
    const { target } = call
    const startedAt = yield* DateTime.now
    const startedNanos = yield* Clock.currentTimeNanos
    asked.fold = foldReply()
    asked.target = target
    asked.vendor = undefined
    asked.held = undefined
    return yield* Effect.onExit(converse(call, asked), (exit) =>
      Effect.map(Clock.currentTimeNanos, (now) => {
        const { fold } = asked
        const usage = fold.usage()
        const requestId = fold.requestId()
        const error = Exit.isFailure(exit) ? errorOf(call, exit.cause) : undefined
        // Not every clock only ever goes forward.
        const durationMs = Math.max(0, Math.round(Number(now - startedNanos) / 1e3) / 1e3)
        asked.notice(...fold.notices)
        asked.attempt = {
          provider: target.provider,
          model: target.model,
          startedAt,
          durationMs,
          ...(error && { error }),
          ...(usage && { usage, ...costOf(call, asked, usage, startedAt) }),
          ...(requestId !== undefined && { requestId })
        }
      }))
  })

const converse = Effect.fnUntraced(function*(call: ProviderCall, asked: CallProgress) {
  const { checkpoint, conversations, request, show, target } = call
  const { fold } = asked
  const { sessionId } = request
  const conversation = yield* conversations.get(target)
  const { provider } = conversation
  asked.vendor = provider.vendor
  const { messages, omitted } = adaptParts(request.messages, provider)
  const news = [...omitted].filter((kind) => !conversation.omitted.has(kind))
  if (news.length > 0) {
    for (const kind of news) conversation.omitted.add(kind)
    asked.notice({ _tag: "PartsOmitted", provider: target.provider, model: target.model, kinds: news })
  }
  const hold = provider.capabilities.conversation === "cursor" ? holdOf(call) : undefined
  asked.held = hold && { goesOn: "known" in hold }
  const broken = (reason: string) => new ProviderProtocol({ sessionId, provider: target.provider, reason })

  yield* forEachChunk(
    conversation.session.respond({ ...request, messages, ...(hold && { hold }) }),
    (events) => {
      for (const event of events) {
        if (!isProper(event, target.provider)) {
          return broken("it sent a tool call or a block of its own in no proper way")
        }
        fold.add(event)
        if (show && event._tag === "TextDelta") show(event.text)
        // What comes after the end is no part of the reply, and may never come.
        if (event._tag === "Finished") break
      }
      if (fold.isTooLong()) return broken("its reply is too long")
      const goesOn = fold.finished() === undefined
      return show && goesOn ? Effect.as(checkpoint, goesOn) : Effect.succeed(goesOn)
    }
  )
  const finished = fold.finished()
  if (finished === undefined) return yield* broken("it ended without saying that it was finished")
  const reply = fold.reply(finished.reason)
  return isEmpty(reply) ? yield* new EmptyReply({ sessionId, provider: target.provider }) : reply
})

/** What a provider makes up may be more than a message can keep. */
const isProper = (event: ProviderEvent, provider: string): boolean => {
  if (event._tag === "ToolCall") return isToolCall(event.part)
  return event._tag !== "Opaque" || (isOpaque(event.part) && event.part.provider === provider)
}

const isToolCall = Schema.is(ToolCallPart)
const isOpaque = Schema.is(OpaquePart)

/** A copy can be gone on with if nothing is missing between its end and what is shown. */
const holdOf = ({ hold, request, target }: ProviderCall): ProviderRequest["hold"] => {
  if (hold === undefined || target.place > 0) return undefined
  const { cursor } = hold
  const [first] = request.messages
  return cursor && cursor.provider === target.provider && first && first.seq <= cursor.seq
    ? { known: { cursor: cursor.value, seq: cursor.seq } }
    : {}
}

const errorOf = (
  { request: { sessionId, turnId }, target: { provider } }: ProviderCall,
  cause: Cause.Cause<ConfigurationError | ProviderError>
): TurnError =>
  Either.getOrElse(
    Either.flip(Cause.failureOrCause(cause)),
    (cause) =>
      Cause.isInterruptedOnly(cause)
        ? new TurnInterrupted({ sessionId, turnId })
        : new ProviderProtocol({ sessionId, provider, reason: "it failed unexpectedly" })
  )

const costOf = (
  { pricing, target: { model, provider } }: ProviderCall,
  { vendor }: CallProgress,
  usage: NonNullable<Attempt["usage"]>,
  at: DateTime.Utc
): Pick<Attempt, "cost"> =>
  Option.match(pricing.costOf({ provider, model, usage, at, ...(vendor !== undefined && { vendor }) }), {
    onNone: () => ({}),
    onSome: (cost) => ({ cost })
  })
