import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Stream from "effect/Stream"
import type { ChangeError } from "../../../domain/error/ChangeError.js"
import { SlowConsumer } from "../../../domain/error/SlowConsumer.js"
import type { TurnError } from "../../../domain/error/TurnError.js"
import type { TurnEvent } from "../../../domain/TurnEvent.js"
import type { TurnObserver } from "../../../services/internal/actor/TurnObserver.js"

type StreamError = ChangeError | SlowConsumer | TurnError

/**
 * A turn's events as a stream with a bounded buffer. The turn never waits for the reader: one that falls `capacity` events
 * behind is cut off.
 */
export const makeTurnStream = (
  capacity: number,
  accept: (observer: TurnObserver) => Effect.Effect<void, ChangeError | TurnError>
): Stream.Stream<TurnEvent, StreamError> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const events = yield* Mailbox.make<TurnEvent, StreamError>({ capacity, strategy: "dropping" })
    yield* Effect.addFinalizer(() => events.shutdown)
    yield* accept({
      emit: (event) => {
        if (!events.unsafeOffer(event)) events.unsafeDone(Exit.fail(new SlowConsumer({ turnId: event.turnId })))
      },
      end: (exit) => {
        events.unsafeDone(Exit.asVoid(exit))
      }
    })
    return Mailbox.toStream(events)
  }))
