import { Effect } from "effect"
import type { SessionId } from "../../src/domain/Ids.js"
import { SessionStore } from "../../src/services/SessionStore.js"

/** A store in which commits of one session die, for as long as `broken` names it. */
export const mortalStore = Effect.map(SessionStore, (store) => {
  const mortal: { broken: SessionId | undefined; readonly store: SessionStore["Type"] } = {
    broken: undefined,
    store: SessionStore.of({
      ...store,
      commit: (id, epoch, changes) =>
        Effect.suspend(() => id === mortal.broken ? Effect.die("broken") : store.commit(id, epoch, changes))
    })
  }
  return mortal
})
