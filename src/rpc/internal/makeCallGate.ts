import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { InvalidRequest } from "../../domain/error/InvalidRequest.js"
import { ShuttingDown } from "../../domain/error/ShuttingDown.js"

/** As many as one process accepts of turns, so that a connection is no narrower than the manager behind it. */
const maxOfConnection = 1024
const maxOfServer = 4096

/**
 * Decides which calls may start, and knows which still run. `tags` are the calls there are; those in `endless` have no end of
 * their own, so nobody waits for it.
 */
export const makeCallGate = (tags: ReadonlyMap<string, unknown>, endless: ReadonlySet<string> = new Set()) => {
  const idle = Effect.unsafeMakeLatch(true)
  let draining = false
  let running = 0
  let awaited = 0

  const left = (calls: Iterable<string>) => {
    for (const tag of calls) {
      running -= 1
      if (!endless.has(tag)) awaited -= 1
    }
    if (awaited === 0) idle.unsafeOpen()
  }

  const refusalOf = (inFlight: ReadonlyMap<string, string>, id: string, tag: string) => {
    if (draining) return new ShuttingDown()
    if (!tags.has(tag)) return new InvalidRequest({ path: ["tag"], reason: "names no call that this server knows" })
    if (inFlight.has(id)) return new InvalidRequest({ path: ["id"], reason: "is the id of a call that still runs" })
    if (inFlight.size >= maxOfConnection) return tooMany(`${maxOfConnection} calls that may run on one connection`)
    return running < maxOfServer ? undefined : tooMany(`${maxOfServer} calls that may run on this server`)
  }

  return {
    /** The calls of one connection. */
    connection: () => {
      const inFlight = new Map<string, string>()
      return {
        /** Why the call may not start; undefined when it has. */
        enter: (id: string, tag: string): InvalidRequest | ShuttingDown | undefined => {
          const refusal = refusalOf(inFlight, id, tag)
          if (refusal !== undefined) return refusal
          inFlight.set(id, tag)
          running += 1
          if (!endless.has(tag)) {
            awaited += 1
            idle.unsafeClose()
          }
          return undefined
        },
        running: () => inFlight.size,
        leave: (id: string) => {
          const tag = inFlight.get(id)
          inFlight.delete(id)
          if (tag !== undefined) left([tag])
        },
        leaveAll: () => {
          left(inFlight.values())
          inFlight.clear()
        }
      }
    },

    drain: (patience: Duration.DurationInput): Effect.Effect<void> =>
      Effect.suspend(() => {
        draining = true
        return Effect.interruptible(idle.await).pipe(Effect.timeoutOption(patience), Effect.asVoid)
      })
  }
}

const tooMany = (limit: string) =>
  new InvalidRequest({ path: [], reason: `exceeds the ${limit} at once; wait for some to end` })
