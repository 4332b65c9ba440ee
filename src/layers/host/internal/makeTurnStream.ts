import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Stream from "effect/Stream"
import type { SendError } from "../../../domain/error/SendError.js"
import { SlowConsumer } from "../../../domain/error/SlowConsumer.js"
import type { SessionId } from "../../../domain/SessionId.js"
import type { TurnEvent } from "../../../domain/TurnEvent.js"
import type { TurnObserver } from "../../../services/internal/actor/TurnObserver.js"

/**
 * A turn's events as a stream with a bounded buffer. The turn never waits for the reader: one that falls `capacity` events
 * behind is cut off.
 */
export const makeTurnStream = (
  sessionId: SessionId,
  capacity: number,
  accept: (observer: TurnObserver) => Effect.Effect<void, SendError>
): Stream.Stream<TurnEvent, SendError | SlowConsumer> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const events = yield* Mailbox.make<TurnEvent, SendError | SlowConsumer>({ capacity, strategy: "dropping" })
    yield* Effect.addFinalizer(() => events.shutdown)
    yield* accept({
      emit: (event) => {
        if (!events.unsafeOffer(event)) events.unsafeDone(Exit.fail(new SlowConsumer({ sessionId })))
      },
      end: (exit) => {
        events.unsafeDone(Exit.asVoid(exit))
      }
    })
    return Mailbox.toStream(events)
  }))
