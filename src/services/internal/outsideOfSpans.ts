import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"

/**
 * Effect makes an event of the current span of each line of a log. A defect may quote what people said, and a log is kept
 * where its owner wants it, while a span goes to others: so such a line is for the log alone.
 */
export const outsideOfSpans = <A, E, R>(log: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.locallyWith(log, FiberRef.currentLoggers, HashSet.remove(Logger.tracerLogger))
