import * as Effect from "effect/Effect"
import * as MutableQueue from "effect/MutableQueue"
import * as Option from "effect/Option"

/**
 * First come, first served, one at a time. A fiber exists only while there is something to do: an idle mailbox costs an
 * empty queue (a parked fiber with its queue costs ten times as much, and a semaphore would not keep the order).
 */
export interface Mailbox<Command> {
  readonly offer: (command: Command) => void
  /** Commands that are not served yet, the one under way included. */
  readonly size: () => number
  /** Empties the mailbox without serving what is in it. */
  readonly takeAll: () => Iterable<Command>
}

export const makeMailbox = <Command>(
  serve: (command: Command) => Effect.Effect<void>,
  fork: (drain: Effect.Effect<void>) => void
): Mailbox<Command> => {
  const commands = MutableQueue.unbounded<Command>()
  let draining = false

  const drain = Effect.gen(function*() {
    for (;;) {
      const command = Option.fromNullable(MutableQueue.poll(commands, undefined))
      if (Option.isNone(command)) break
      yield* serve(command.value)
    }
    draining = false
  })

  return {
    offer: (command) => {
      MutableQueue.offer(commands, command)
      if (draining) return
      draining = true
      fork(drain)
    },
    size: () => MutableQueue.length(commands) + Number(draining),
    takeAll: () => MutableQueue.pollUpTo(commands, Number.POSITIVE_INFINITY)
  }
}
