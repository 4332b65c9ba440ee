import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { SessionEvent } from "../../../domain/Events.js"

/**
 * Runs several steps for an event, all of them whatever becomes of one, and fails with what failed. When the event comes again
 * because of that, only the steps that have not succeeded are run. A hook is told of one event at a time, so that there is one
 * to remember.
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
