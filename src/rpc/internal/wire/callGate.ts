import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { InvalidRequest, ServerBusy, ShuttingDown } from "../../../domain/error/RequestError.js"
import type { ServerLimits } from "../../ServerLimits.js"

/** The calls of a contract. */
interface Contract {
  readonly tags: ReadonlyMap<string, unknown>
  /** Calls that return a stream. */
  readonly streams: ReadonlySet<string>
  /** Calls that never end by themselves, so `drain` does not wait for them. */
  readonly endless: ReadonlySet<string>
}

type Limits = Pick<ServerLimits, "calls" | "callsPerConnection" | "streams" | "streamsPerConnection">

/** Calls of one connection that run, by id. */
class RunningCalls {
  readonly tags = new Map<string, string>()
  calls = 0
  streams = 0
}

/**
 * Decides which calls may start, and tracks those that run. Streams and other calls are counted apart, so that no number of
 * watchers keeps a send from starting.
 */
export const makeCallGate = ({ endless, streams, tags }: Contract, limits: Limits) => {
  const idle = Effect.unsafeMakeLatch(true)
  const running = { calls: 0, streams: 0 }
  let draining = false
  let awaited = 0

  const kindOf = (tag: string) => (streams.has(tag) ? "streams" : "calls")

  const count = (own: RunningCalls, tag: string, change: 1 | -1) => {
    const kind = kindOf(tag)
    own[kind] += change
    running[kind] += change
    if (!endless.has(tag)) awaited += change
    if (awaited === 0) idle.unsafeOpen()
    else idle.unsafeClose()
  }

  /** As many as a connection may have: a quarter of all, while another connection has any. */
  const share = (own: RunningCalls, kind: "calls" | "streams") =>
    Math.min(
      kind === "calls" ? limits.callsPerConnection : limits.streamsPerConnection,
      running[kind] > own[kind] ? Math.ceil(limits[kind] / 4) : limits[kind]
    )

  const refusalOf = (own: RunningCalls, tag: string) => {
    if (draining) return new ShuttingDown()
    if (!tags.has(tag)) return new InvalidRequest({ path: ["tag"], reason: "is not a call of this server" })
    const kind = kindOf(tag)
    if (own[kind] >= share(own, kind)) return busy(`${share(own, kind)} ${kind} run on this connection`)
    if (running[kind] >= limits[kind]) return busy(`${limits[kind]} ${kind} run on it`)
    return undefined
  }

  return {
    /** Tracks the calls of one connection. */
    connection: () => {
      const own = new RunningCalls()
      return {
        kindOf,
        has: (id: string) => own.tags.has(id),
        /** Starts a call, whose id is not that of a running one. Returns why it may not start; undefined when it has started. */
        enter: (id: string, tag: string): InvalidRequest | ServerBusy | ShuttingDown | undefined => {
          const refusal = refusalOf(own, tag)
          if (refusal !== undefined) return refusal
          own.tags.set(id, tag)
          count(own, tag, 1)
          return undefined
        },
        running: () => own.tags.size,
        leave: (id: string) => {
          const tag = own.tags.get(id)
          if (tag === undefined) return
          own.tags.delete(id)
          count(own, tag, -1)
        },
        leaveAll: () => {
          for (const tag of own.tags.values()) count(own, tag, -1)
          own.tags.clear()
        }
      }
    },

    /** How many calls and streams run. */
    running: (): { readonly calls: number; readonly streams: number } => running,

    isDraining: () => draining,

    /** Refuses new calls and waits for running ones, for at most `drainTimeout`. */
    drain: (drainTimeout: Duration.DurationInput): Effect.Effect<void> =>
      Effect.suspend(() => {
        draining = true
        return Effect.interruptible(idle.await).pipe(Effect.timeoutOption(drainTimeout), Effect.asVoid)
      })
  }
}

export interface CallGate extends ReturnType<typeof makeCallGate> {}

const busy = (reason: string) => new ServerBusy({ reason, retryAfterMs: retryAfter })

/** Milliseconds: running calls end at any time. */
const retryAfter = 500
