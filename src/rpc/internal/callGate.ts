import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { InvalidRequest, ShuttingDown } from "../../domain/error/RequestError.js"

/**
 * Decides which calls may start, and tracks those that run. `tags` are the known calls; those in `endless` never end by
 * themselves, so `drain` does not wait for them.
 */
export const makeCallGate = (tags: ReadonlyMap<string, unknown>, endless: ReadonlySet<string> = new Set()) => {
  const idle = Effect.unsafeMakeLatch(true)
  let draining = false
  let running = 0
  let awaited = 0

  const ended = (calls: Iterable<string>) => {
    for (const tag of calls) {
      running -= 1
      if (!endless.has(tag)) awaited -= 1
    }
    if (awaited === 0) idle.unsafeOpen()
  }

  const refusalOf = (inFlight: ReadonlyMap<string, string>, id: string, tag: string) => {
    if (draining) return new ShuttingDown()
    if (!tags.has(tag)) return new InvalidRequest({ path: ["tag"], reason: "is not a call of this server" })
    if (inFlight.has(id)) {
      return new InvalidRequest({ path: ["id"], reason: "is the id of a running call; use another id" })
    }
    if (inFlight.size >= maxOfConnection) return tooMany(`${maxOfConnection} calls that may run on one connection`)
    return running < maxOfServer ? undefined : tooMany(`${maxOfServer} calls that may run on this server`)
  }

  return {
    /** Tracks the calls of one connection. */
    connection: () => {
      const inFlight = new Map<string, string>()
      return {
        /** Starts a call. Returns why it may not start; undefined when it has started. */
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
          if (tag !== undefined) ended([tag])
        },
        leaveAll: () => {
          ended(inFlight.values())
          inFlight.clear()
        }
      }
    },

    /** Refuses new calls and waits for running ones, for at most `drainTimeout`. */
    drain: (drainTimeout: Duration.DurationInput): Effect.Effect<void> =>
      Effect.suspend(() => {
        draining = true
        return Effect.interruptible(idle.await).pipe(Effect.timeoutOption(drainTimeout), Effect.asVoid)
      })
  }
}

const tooMany = (limit: string) =>
  new InvalidRequest({ path: [], reason: `exceeds the ${limit} at once; retry when another has ended` })

/** As many as the turns that one process accepts, so that a connection is not narrower than the manager behind it. */
const maxOfConnection = 1024
const maxOfServer = 4096
