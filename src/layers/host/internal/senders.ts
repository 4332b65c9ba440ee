import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type SendError, SlowConsumer } from "../../../domain/error/SessionError.js"
import type { TurnEvent } from "../../../domain/Events.js"
import type { SessionId, TurnId } from "../../../domain/Ids.js"
import type { Message } from "../../../domain/Message.js"
import type { SendMessage, TurnReceipt } from "../../../domain/Send.js"
import { encodedBytes } from "../../../domain/Size.js"
import type { SessionHost } from "../../../services/SessionHost.js"
import type { ActorServices } from "../actor/ActorServices.js"
import type { TurnObserver } from "../actor/OpenTurn.js"
import type { ActorRegistry } from "./ActorRegistry.js"
import { makeEventBuffer } from "./eventBuffer.js"

/**
 * The three ways to send a message: `submit` waits for its acceptance, `send` for its reply, `stream` emits its events.
 */
export const makeSenders = (
  { use }: ActorRegistry,
  { forkTimer }: ActorServices,
  streamBuffer: number
): Pick<SessionHost["Type"], "send" | "stream" | "submit"> => {
  const watchSender = (id: SessionId, { stopOnDisconnect }: SendMessage) =>
    stopOnceGone((turnId) => {
      if (stopOnDisconnect) forkTimer(Effect.ignoreLogged(use(id, (actor) => actor.stopTurn({ turnId }))))
    })

  return {
    submit: (id, message) =>
      use(id, (actor) =>
        Effect.gen(function*() {
          const receipt = yield* Deferred.make<TurnReceipt>()
          yield* actor.accept(message, {
            emit: (event) => {
              if (event._tag === "TurnAccepted") Deferred.unsafeDone(receipt, Effect.succeed(event))
            },
            end: () => {}
          })
          const { outcome, turnId } = yield* Deferred.await(receipt)
          return { outcome, turnId }
        })),

    send: (id, message) =>
      use(id, (actor) =>
        Effect.gen(function*() {
          const end = yield* Deferred.make<Message, SendError>()
          const sender = watchSender(id, message)
          const accepted = actor.accept(message, {
            emit: (event) => {
              if (event._tag === "TurnAccepted") sender.accepted(event.turnId)
            },
            end: (exit) => Deferred.unsafeDone(end, exit)
          })
          return yield* Effect.zipRight(accepted, Deferred.await(end)).pipe(
            Effect.onInterrupt(() => Effect.sync(sender.left))
          )
        })),

    stream: (id, message) =>
      Stream.suspend(() => {
        const sender = watchSender(id, message)
        return makeTurnStream(id, streamBuffer, (observer) =>
          use(id, (actor) =>
            actor.accept(message, {
              emit: (event) => {
                if (event._tag === "TurnAccepted") sender.accepted(event.turnId)
                observer.emit(event)
              },
              end: (exit) => {
                sender.ended()
                observer.end(exit)
              }
            }))).pipe(Stream.ensuring(Effect.sync(sender.left)))
      })
  }
}

/**
 * A turn's events as a stream with a bounded buffer, in chunks of at most `maxEventBytes`, or one event. The turn never waits for
 * the reader: the stream of a reader that falls `capacity` events or `maxTextBytes` of text behind fails with `SlowConsumer`.
 */
const makeTurnStream = (
  sessionId: SessionId,
  capacity: number,
  accept: (observer: TurnObserver) => Effect.Effect<void, SendError>
): Stream.Stream<TurnEvent, SendError | SlowConsumer> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const events = yield* makeEventBuffer<TurnEvent, SendError | SlowConsumer>(capacity)
    yield* Effect.addFinalizer(() => events.shutdown)
    yield* accept({
      emit: (event) => {
        const bytes = encodedBytes(event)
        const isKept = event._tag === "TurnDelta" ? events.offerText(event, bytes) : events.offer(event, bytes)
        if (!isKept) events.end(Exit.fail(new SlowConsumer({ sessionId })))
      },
      end: (exit) => {
        events.end(Exit.asVoid(exit))
      }
    })
    return Stream.unfoldChunkEffect(undefined, () =>
      Effect.map(events.take, (taken) =>
        taken.length === 0 ? Option.none() : Option.some([Chunk.unsafeFromArray(taken), undefined])))
  }))

/**
 * Stops a turn when its sender disconnects, even if that is before the turn is accepted.
 */
const stopOnceGone = (stop: (turnId: TurnId) => void) => {
  let turnId: TurnId | undefined
  let isGone = false
  let hasEnded = false
  return {
    accepted: (id: TurnId) => {
      turnId = id
      if (isGone) stop(id)
    },
    ended: () => {
      hasEnded = true
    },
    left: () => {
      isGone = true
      if (turnId !== undefined && !hasEnded) stop(turnId)
    }
  }
}
