import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { InvalidRequest } from "../../domain/error/InvalidRequest.js"
import { ShuttingDown } from "../../domain/error/ShuttingDown.js"

/** As many as one process accepts of turns, so that a connection is no narrower than the manager behind it. */
const maxOfConnection = 1024
const maxOfServer = 4096

/**
 * Decides which calls may start, and knows which still run. `tags` are the calls there are.
 */
export const makeCallGate = (tags: ReadonlyMap<string, unknown>) => {
  const idle = Effect.unsafeMakeLatch(true)
  let draining = false
  let running = 0

  const left = (count: number) => {
    running -= count
    if (running === 0) idle.unsafeOpen()
  }

  const refusalOf = (inFlight: ReadonlySet<string>, id: string, tag: string) => {
    if (draining) return new ShuttingDown()
    if (!tags.has(tag)) return new InvalidRequest({ path: ["tag"], reason: "names no call that this server knows" })
    if (inFlight.has(id)) return new InvalidRequest({ path: ["id"], reason: "is the id of a call that still runs" })
    if (inFlight.size >= maxOfConnection) return tooMany(`${maxOfConnection} calls that may run on one connection`)
    return running < maxOfServer ? undefined : tooMany(`${maxOfServer} calls that may run on this server`)
  }

  return {
    /** The calls of one connection. */
    connection: () => {
      const inFlight = new Set<string>()
      return {
        /** Why the call may not start; undefined when it has. */
        enter: (id: string, tag: string): InvalidRequest | ShuttingDown | undefined => {
          const refusal = refusalOf(inFlight, id, tag)
          if (refusal !== undefined) return refusal
          inFlight.add(id)
          running++
          idle.unsafeClose()
          return undefined
        },
        running: () => inFlight.size,
        leave: (id: string) => left(inFlight.delete(id) ? 1 : 0),
        leaveAll: () => {
          left(inFlight.size)
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
