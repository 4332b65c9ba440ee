import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { SessionEvent } from "../../../domain/Events.js"

/**
 * Runs several steps for an event. One that fails does not keep the others from running; then the result fails with all failures.
 * When the event is retried, only the steps that have not succeeded run. It remembers one event, because a hook receives one at a
 * time.
 */
export const makeResumable = <Step>(steps: ReadonlyArray<Step>) => {
  let current: { readonly event: SessionEvent; readonly done: Set<Step> } | undefined

  return <E>(event: SessionEvent, run: (step: Step) => Effect.Effect<void, E>): Effect.Effect<void, E> =>
    Effect.suspend(() => {
      const { done } = current?.event === event ? current : (current = { event, done: new Set<Step>() })
      return Effect.flatMap(
        Effect.forEach(
          steps.filter((step) => !done.has(step)),
          (step) =>
            Effect.tap(Effect.exit(Effect.suspend(() => run(step))), (exit) =>
              Effect.sync(() => {
                if (Exit.isSuccess(exit)) done.add(step)
              }))
        ),
        (exits) => {
          const causes = exits.filter(Exit.isFailure).map(({ cause }) => cause)
          return causes.length === 0
            ? Effect.void
            : Effect.failCause(causes.reduce((all, cause) => Cause.sequential(all, cause)))
        }
      )
    })
}
