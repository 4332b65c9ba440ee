import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Readiness } from "../../../domain/Store.js"
import { shareTest } from "../../../services/internal/sharedTest.js"
import { SessionManager } from "../../../services/SessionManager.js"

/**
 * Whether a server can serve sends.
 */
export interface ServerReadiness {
  /**
   * `starting` and `stopping` as the server says; between them what its manager reports. The manager is asked at most once a
   * second, by however many callers. One that does not answer within 3 seconds, or fails, is reported as `storage`.
   */
  readonly readiness: Effect.Effect<Readiness>
  /** The server takes calls. */
  readonly serving: Effect.Effect<void>
  /** The server takes no more calls. */
  readonly stopping: Effect.Effect<void>
}

export const makeReadiness: Effect.Effect<ServerReadiness, never, Scope.Scope | SessionManager> = Effect.gen(
  function*() {
    const { health } = yield* SessionManager
    let phase: "starting" | "serving" | "stopping" = "starting"

    const reported = yield* shareTest<Readiness>(
      health.pipe(
        Effect.map(({ readiness }) => readiness),
        Effect.catchAll(({ _tag }) => Effect.succeed<Readiness>(_tag === "ShuttingDown" ? "stopping" : "storage"))
      ),
      { limit: "3 seconds", onLimit: "storage", what: "The health of the sessions" }
    )

    return {
      readiness: Effect.suspend(() => phase === "serving" ? reported : Effect.succeed(phase)),
      serving: Effect.sync(() => {
        phase = "serving"
      }),
      stopping: Effect.sync(() => {
        phase = "stopping"
      })
    }
  }
)
