import * as NodeSink from "@effect/platform-node/NodeSink"
import type { PlatformError } from "@effect/platform/Error"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/**
 * Writes texts to standard output, as fast as it is read.
 */
export const writeOutput = <E, R>(
  texts: Stream.Stream<string, E, R>
): Effect.Effect<void, E | PlatformError, Exclude<R, Scope.Scope>> => Stream.run(texts, NodeSink.stdout)
