import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import { maxEventBytes, takeBytes } from "../../../domain/Size.js"

/**
 * What waits in front of one reader of events. It never makes its writer wait: it refuses what is too much.
 */
export interface EventBuffer<A, E> {
  /** Whether an event of this size can wait without making the events that wait larger than one read. */
  readonly hasRoomFor: (bytes: number) => boolean
  /** Adds an event whose number is limited elsewhere. False when `capacity` events wait. */
  readonly offer: (event: A, bytes: number) => boolean
  /** Adds text. False when `capacity` events or `maxTextBytes` of text wait; the first text always fits. */
  readonly offerText: (text: A, bytes: number) => boolean
  /** Nothing is added from now on. What waits can still be read. */
  readonly end: (exit: Exit.Exit<void, E>) => void
  /** Waits for events, and takes at most `maxEventBytes` of them, or one. Takes none at the end. */
  readonly take: Effect.Effect<ReadonlyArray<A>, E>
  readonly shutdown: Effect.Effect<boolean>
  /** Bytes that wait. */
  readonly bytes: () => number
}

/**
 * Text that waits for one reader, 1 MiB.
 */
export const maxTextBytes = 1024 * 1024

export const makeEventBuffer = <A, E>(capacity: number): Effect.Effect<EventBuffer<A, E>> =>
  Effect.map(Mailbox.make<Waiting<A>, E>(), (mailbox) => {
    /** Taken from the mailbox, and not by the reader. */
    let taken: ReadonlyArray<Waiting<A>> = []
    let count = 0
    let eventBytes = 0
    let textBytes = 0

    const add = (waiting: Waiting<A>): boolean => {
      if (count >= capacity || !mailbox.unsafeOffer(waiting)) return false
      count += 1
      if (waiting.isText) textBytes += waiting.bytes
      else eventBytes += waiting.bytes
      return true
    }

    const release = ({ bytes, isText }: Waiting<A>) => {
      count -= 1
      if (isText) textBytes -= bytes
      else eventBytes -= bytes
    }

    const takeSome = Effect.sync(() => {
      const some = takeBytes(taken, maxEventBytes, ({ bytes }) => bytes)
      taken = taken.slice(some.length)
      for (const waiting of some) release(waiting)
      return some.map(({ event }) => event)
    })

    const refill = Effect.map(mailbox.takeAll, ([all]) => {
      taken = Chunk.toReadonlyArray(all)
    })

    return {
      hasRoomFor: (bytes) => eventBytes === 0 || eventBytes + bytes <= maxEventBytes,
      offer: (event, bytes) => add({ event, bytes, isText: false }),
      offerText: (event, bytes) =>
        (textBytes === 0 || textBytes + bytes <= maxTextBytes) && add({ event, bytes, isText: true }),
      end: (exit) => mailbox.unsafeDone(exit),
      take: Effect.zipRight(Effect.unless(refill, () => taken.length > 0), takeSome),
      shutdown: mailbox.shutdown,
      bytes: () => eventBytes + textBytes
    }
  })

interface Waiting<A> {
  readonly event: A
  readonly bytes: number
  readonly isText: boolean
}
