import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { EmptyReply } from "../../../domain/error/EmptyReply.js"
import { ProviderProtocol } from "../../../domain/error/ProviderProtocol.js"
import type { TurnError } from "../../../domain/error/TurnError.js"
import { TurnInterrupted } from "../../../domain/error/TurnInterrupted.js"
import { ToolCallPart } from "../../../domain/Part.js"
import type { MiddlewareContext } from "../../Middleware.js"
import type { MiddlewarePipeline } from "../../MiddlewarePipeline.js"
import type { ProviderSession } from "../../Provider.js"
import type { ProviderRequest } from "../../ProviderRequest.js"
import type { Reply } from "../../Reply.js"
import { foldReply } from "./foldReply.js"
import { forEachChunk } from "./forEachChunk.js"

/**
 * How a provider call ended. With an error, `reply` is the part that had arrived, if there is one to keep.
 */
export type TurnOutcome =
  & { readonly processingTimeMs: number }
  & (
    | { readonly error: undefined; readonly reply: Reply }
    | { readonly error: TurnError; readonly reply: Reply | undefined }
  )

interface TurnCall {
  readonly request: ProviderRequest
  readonly middleware: MiddlewareContext
  readonly pipeline: MiddlewarePipeline["Type"]
  readonly conversation: Effect.Effect<ProviderSession, TurnError>
  /** Makes the intent to call durable, and is interrupted if there is to be no call. */
  readonly intend: Effect.Effect<void>
  readonly emit: (text: string) => void
  /** Stores what has been emitted, from time to time. */
  readonly checkpoint: Effect.Effect<void>
  /** Called once, at the end. */
  readonly report: (outcome: TurnOutcome) => void
}

/**
 * Calls the provider for one turn, with the middleware on both sides. Never fails and never dies: whatever happens,
 * interruption included, is an outcome to be reported and stored.
 */
export const runTurn = (
  { checkpoint, conversation, emit, intend, middleware, pipeline, report, request }: TurnCall
): Effect.Effect<void> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const { provider } = middleware.session
      const { sessionId, turnId } = request
      const fold = foldReply()
      const mayStream = pipeline.mayStream(middleware)
      const broken = (reason: string) => new ProviderProtocol({ sessionId, provider, reason })
      const startedAt = yield* Clock.currentTimeNanos

      const call = Effect.gen(function*() {
        const shown = yield* pipeline.turn(request, middleware)
        yield* intend
        const session = yield* conversation
        yield* forEachChunk(session.respond(shown), (events) => {
          for (const event of events) {
            if (event._tag === "ToolCall" && !isToolCall(event.part)) return broken("it calls a tool in no proper way")
            fold.add(event)
            if (mayStream && event._tag === "TextDelta") emit(event.text)
            // What comes after the end is no part of the reply, and may never come.
            if (event._tag === "Finished") break
          }
          if (fold.isTooLong()) return broken("its reply is too long")
          const goesOn = fold.finished() === undefined
          return mayStream && goesOn ? Effect.as(checkpoint, goesOn) : Effect.succeed(goesOn)
        })
        const finishReason = fold.finished()?.reason
        if (finishReason === undefined) return yield* broken("it ended without saying that it was finished")
        const reply = fold.reply(finishReason)
        return isEmpty(reply) ? yield* new EmptyReply({ sessionId, provider }) : reply
      })

      const called = yield* Effect.exit(restore(call))
      // Not every clock only ever goes forward.
      const processingTimeMs = Math.max(0, Number((yield* Clock.currentTimeNanos) - startedAt) / 1e6)

      // Nothing is stored or shown before reply middleware has seen it, and what was cut is no exception.
      const arrived = Exit.getOrElse(called, () => fold.reply("cut"))
      const reviewed = isEmpty(arrived)
        ? Exit.succeed(undefined)
        : yield* Effect.exit(pipeline.reply(arrived, middleware))
      const reply = Exit.getOrElse(reviewed, () => undefined)
      const failed = Exit.zipLeft(called, reviewed)
      if (reply && Exit.isSuccess(failed)) {
        if (!mayStream) emitText(reply, emit)
        return report({ reply, error: undefined, processingTimeMs })
      }
      const cause = Exit.isFailure(failed) ? failed.cause : Cause.empty
      const error = yield* Either.match(Cause.failureOrCause(cause), {
        onLeft: (error) => Effect.succeed<TurnError>(error),
        onRight: (cause) =>
          Cause.isInterruptedOnly(cause)
            ? Effect.succeed(new TurnInterrupted({ sessionId, turnId }))
            : Effect.as(
              Effect.logError("A provider or middleware has a defect", cause),
              broken("it failed unexpectedly")
            )
      })
      return report({ reply, error, processingTimeMs })
    })
  )

/** What a provider makes up may be more than a message can keep. */
const isToolCall = Schema.is(ToolCallPart)

/** A refusal says enough by itself, and a pause is not the end of it. */
const isEmpty = (reply: Reply): boolean =>
  reply.finishReason !== "refusal" && reply.finishReason !== "paused" &&
  reply.parts.every((part) => part._tag === "Text" && part.text.trim() === "")

const emitText = (reply: Reply, emit: (text: string) => void): void => {
  for (const part of reply.parts) if (part._tag === "Text") emit(part.text)
}
