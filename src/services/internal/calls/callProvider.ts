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
 * Makes the call, and records it in `progress`. Interrupting it closes the stream and still records the attempt.
 */
export const callProvider = (
  call: ProviderCall,
  progress: CallProgress
): Effect.Effect<Reply, ConfigurationError | ProviderError> =>
  Effect.gen(function*() {
    const { target } = call
    const startedAt = yield* DateTime.now
    const startedNanos = yield* Clock.currentTimeNanos
    progress.fold = foldReply()
    progress.target = target
    progress.vendor = undefined
    progress.held = undefined
    return yield* Effect.onExit(converse(call, progress), (exit) =>
      Effect.map(Clock.currentTimeNanos, (now) => {
        const { fold } = progress
        const usage = fold.usage()
        const requestId = fold.requestId()
        const error = Exit.isFailure(exit) ? toTurnError(call, exit.cause) : undefined
        // Some clocks can go backwards.
        const durationMs = Math.max(0, Math.round(Number(now - startedNanos) / 1e3) / 1e3)
        progress.notice(...fold.notices)
        progress.attempt = {
          provider: target.provider,
          model: target.model,
          startedAt,
          durationMs,
          ...(error && { error }),
          ...(usage && { usage, ...toCost(call, progress, usage, startedAt) }),
          ...(requestId !== undefined && { requestId })
        }
      }))
  })

/**
 * One call of one provider.
 */
export interface ProviderCall {
  readonly target: Target
  readonly request: Omit<ProviderRequest, "hold">
  readonly conversations: Conversations
  readonly pricing: Pricing["Type"]
  /** Present when the provider may hold the conversation: with its current copy, if it can be resumed. */
  readonly hold: { readonly cursor: ProviderCursor | undefined } | undefined
  /** Shows text as it arrives. */
  readonly show: ((text: string) => void) | undefined
  /** Schedules the storing of what was shown. */
  readonly checkpoint: Effect.Effect<void>
}

const converse = Effect.fnUntraced(function*(call: ProviderCall, progress: CallProgress) {
  const { checkpoint, conversations, request, show, target } = call
  const { fold } = progress
  const { sessionId } = request
  const conversation = yield* conversations.get(target)
  const { provider } = conversation
  progress.vendor = provider.vendor
  const { messages, omitted } = adaptParts(request.messages, provider)
  const newlyOmitted = [...omitted].filter((kind) => !conversation.omitted.has(kind))
  if (newlyOmitted.length > 0) {
    for (const kind of newlyOmitted) conversation.omitted.add(kind)
    progress.notice({ _tag: "PartsOmitted", provider: target.provider, model: target.model, kinds: newlyOmitted })
  }
  const hold = provider.capabilities.conversation === "cursor" ? toHold(call) : undefined
  progress.held = hold && { isResumed: "known" in hold }
  const protocolError = (reason: string) => new ProviderProtocol({ sessionId, provider: target.provider, reason })

  yield* forEachChunk(
    conversation.session.respond({ ...request, messages, ...(hold && { hold }) }),
    (events) => {
      for (const event of events) {
        if (!isValid(event, target.provider)) {
          return protocolError("it sent a malformed tool call or opaque block")
        }
        fold.add(event)
        if (show && event._tag === "TextDelta") show(event.text)
        // Ignores what follows, and does not wait for the stream to end.
        if (event._tag === "Finished") break
      }
      if (fold.isTooLong()) return protocolError("its reply exceeds the size limit of a message")
      const hasMore = fold.finished() === undefined
      return show && hasMore ? Effect.as(checkpoint, hasMore) : Effect.succeed(hasMore)
    }
  )
  const finished = fold.finished()
  if (finished === undefined) return yield* protocolError("its stream ended without a finish event")
  const reply = fold.reply(finished.reason)
  return isEmpty(reply) ? yield* new EmptyReply({ sessionId, provider: target.provider }) : reply
})

/**
 * Runs `f` on each chunk of a stream until it returns false, then closes the stream. `Stream.runForEachChunk` takes
 * three times as long, which is more than the rest of a turn: it runs a sink, while this pulls directly.
 */
export const forEachChunk = <A, E>(
  stream: Stream.Stream<A, E>,
  f: (chunk: Chunk.Chunk<A>) => Effect.Effect<boolean, E>
): Effect.Effect<void, E> =>
  Effect.scoped(
    Effect.flatMap(Stream.toPull(stream), (pull) => {
      const next: Effect.Effect<void, Option.Option<E>> = Effect.flatMap(
        pull,
        (chunk) => Effect.flatMap(Effect.mapError(f(chunk), Option.some), (hasMore) => hasMore ? next : Effect.void)
      )
      return next
    })
  ).pipe(Effect.catchAll(Option.match({ onNone: () => Effect.void, onSome: Effect.fail })))

/** A provider may send parts that a message cannot hold. */
const isValid = (event: ProviderEvent, provider: string): boolean => {
  if (event._tag === "ToolCall") return isToolCall(event.part)
  return event._tag !== "Opaque" || (isOpaque(event.part) && event.part.provider === provider)
}

const isToolCall = Schema.is(ToolCallPart)
const isOpaque = Schema.is(OpaquePart)

/** A copy can be resumed if no message is missing between its end and the request. */
const toHold = ({ hold, request, target }: ProviderCall): ProviderRequest["hold"] => {
  if (hold === undefined || target.index > 0) return undefined
  const { cursor } = hold
  const [first] = request.messages
  return cursor && cursor.provider === target.provider && first && first.seq <= cursor.seq
    ? { known: { cursor: cursor.value, seq: cursor.seq } }
    : {}
}

const toTurnError = (
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

const toCost = (
  { pricing, target: { model, provider } }: ProviderCall,
  { vendor }: CallProgress,
  usage: NonNullable<Attempt["usage"]>,
  at: DateTime.Utc
): Pick<Attempt, "cost"> =>
  Option.match(pricing.costOf({ provider, model, usage, at, ...(vendor !== undefined && { vendor }) }), {
    onNone: () => ({}),
    onSome: (cost) => ({ cost })
  })
