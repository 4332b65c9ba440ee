import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import type { HostLoad, Instrumentation } from "../../../services/internal/Instrumentation.js"
import { meters } from "./meters.js"

/**
 * Measures from time to time what a host is doing; when it stops, that is nothing.
 */
export const watchHost = (sampleEvery: Duration.DurationInput): Instrumentation["host"] => (load) =>
  Effect.zipRight(
    Effect.addFinalizer(() => record({ activeSessions: 0, openTurns: 0, waitingCommands: 0 })),
    Effect.forkScoped(Effect.repeat(Effect.suspend(() => record(load())), Schedule.spaced(sampleEvery)))
  )

const record = ({ activeSessions, openTurns, waitingCommands }: HostLoad): Effect.Effect<void> =>
  Effect.all([
    Metric.set(meters.activeSessions, activeSessions),
    Metric.set(meters.openTurns, openTurns),
    Metric.set(meters.mailboxDepth, waitingCommands)
  ], { discard: true })
