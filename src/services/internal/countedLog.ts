import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"

/**
 * A log for lines that may come often, such as those that a client can cause. Of each kind it writes the first line at once. It
 * counts those of the next minute, and then writes the last of them with the annotation `repeated`, their number; and so on until
 * a minute passes without any. When the scope closes, it writes what it has counted.
 *
 * It keeps one line for each kind, so the kinds must be few: never take one from a client.
 */
export const makeCountedLog: Effect.Effect<CountedLog, never, Scope.Scope> = Effect.gen(function*() {
  const counts = new Map<string, Count>()
  const run = yield* FiberSet.makeRuntime<never>()

  const writeRepeats = (kind: string) =>
    Effect.suspend(() => {
      const { line, repeated } = counts.get(kind) ?? { line: undefined, repeated: 0 }
      if (line === undefined || repeated === 0) return Effect.as(Effect.sync(() => counts.delete(kind)), false)
      counts.set(kind, { line, repeated: 0 })
      return Effect.as(write({ ...line, details: { ...line.details, repeated } }), true)
    })

  // Before the fibers end, which the set interrupts.
  yield* Effect.addFinalizer(() => Effect.forEach([...counts.keys()], writeRepeats, { discard: true }))

  return (kind, line) =>
    Effect.suspend(() => {
      const count = counts.get(kind)
      counts.set(kind, { line, repeated: count === undefined ? 0 : count.repeated + 1 })
      if (count !== undefined) return Effect.void
      run(Effect.repeat(Effect.delay(writeRepeats(kind), "1 minute"), { while: (isMore) => isMore }))
      return write(line)
    })
})

/**
 * Writes a line, or counts it.
 */
export type CountedLog = (kind: string, line: LogLine) => Effect.Effect<void>

/**
 * A line for the operator: the same message each time, so that alerts can match it, and details as annotations.
 */
export interface LogLine {
  readonly level: LogLevel.LogLevel
  readonly message: string
  readonly details: Readonly<Record<string, string | number>>
}

interface Count {
  /** The latest line. */
  readonly line: LogLine
  /** Lines that were counted and not written. */
  readonly repeated: number
}

const write = ({ details, level, message }: LogLine): Effect.Effect<void> =>
  Effect.annotateLogs(Effect.logWithLevel(level, message), details)
