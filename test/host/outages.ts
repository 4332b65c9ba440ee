import { Effect } from "effect"
import type { SessionId } from "../../src/domain/Ids.js"
import { SessionStore } from "../../src/services/SessionStore.js"

/** A store in which commits of the session named by `broken` die. */
export const dyingStore = Effect.map(SessionStore, (store) => {
  const dying: { broken: SessionId | undefined; readonly store: SessionStore["Type"] } = {
    broken: undefined,
    store: SessionStore.of({
      ...store,
      commit: (id, epoch, changes) =>
        Effect.suspend(() => id === dying.broken ? Effect.die("broken") : store.commit(id, epoch, changes))
    })
  }
  return dying
})
