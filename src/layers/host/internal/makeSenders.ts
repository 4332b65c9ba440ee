import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { SendError } from "../../../domain/error/SendError.js"
import type { Message } from "../../../domain/Message.js"
import type { SendMessage } from "../../../domain/SendMessage.js"
import type { SessionId } from "../../../domain/SessionId.js"
import type { TurnReceipt } from "../../../domain/TurnReceipt.js"
import type { ActorServices } from "../../../services/internal/actor/ActorServices.js"
import type { SessionHost } from "../../../services/SessionHost.js"
import type { Residents } from "./makeResidents.js"
import { makeTurnStream } from "./makeTurnStream.js"
import { stopWithSender } from "./stopWithSender.js"

/**
 * The three ways to say something to a session: to wait for its acceptance, for its reply, or to see it happen.
 */
export const makeSenders = (
  { use }: Residents,
  { forkTimer }: ActorServices,
  streamBuffer: number
): Pick<SessionHost["Type"], "send" | "stream" | "submit"> => {
  const senderOf = (id: SessionId, { stopOnDisconnect }: SendMessage) =>
    stopWithSender((turnId) => {
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
          const sender = senderOf(id, message)
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
        const sender = senderOf(id, message)
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
