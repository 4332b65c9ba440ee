import * as Effect from "effect/Effect"
import type { SessionStore } from "../../../services/SessionStore.js"
import type { Failpoint } from "./Failpoint.js"
import type { FailpointControl } from "./makeFailpoints.js"
import { makeTurnSteps } from "./makeTurnSteps.js"

/**
 * A store whose commits and recoveries pass the failpoints.
 */
export const failingStore = (
  store: SessionStore["Type"],
  { isDraining, pass }: FailpointControl
): SessionStore["Type"] => {
  const steps = makeTurnSteps()
  const passAll = <Point extends Failpoint>(points: Iterable<Point>) => Effect.forEach(points, pass, { discard: true })

  return {
    ...store,

    open: (id, window) =>
      Effect.tap(store.open(id, window), ({ openTurns }) =>
        Effect.suspend(() => {
          steps.found(openTurns)
          return Effect.when(pass("inRecovery"), () => openTurns.length > 0)
        })),

    commit: (id, epoch, changes) =>
      Effect.suspend(() => {
        const turns = changes.turns ?? []
        const { after, before } = steps.around(turns)
        return Effect.whenEffect(pass("inDrain"), isDraining).pipe(
          Effect.zipRight(passAll(before)),
          Effect.zipRight(store.commit(id, epoch, changes)),
          Effect.tap(() => steps.committed(turns)),
          Effect.zipRight(passAll(after))
        )
      })
  }
}
