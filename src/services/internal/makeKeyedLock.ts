import * as Effect from "effect/Effect"

interface Lock {
  readonly semaphore: Effect.Semaphore
  holders: number
}

/**
 * Runs effects of the same key one after the other. A key that nobody uses takes no room.
 */
export const makeKeyedLock = <Key>() => {
  const locks = new Map<Key, Lock>()

  const take = (key: Key) =>
    Effect.sync(() => {
      const lock = locks.get(key) ?? { semaphore: Effect.unsafeMakeSemaphore(1), holders: 0 }
      lock.holders++
      locks.set(key, lock)
      return lock
    })

  const leave = (key: Key, lock: Lock) =>
    Effect.sync(() => {
      lock.holders--
      if (lock.holders === 0) locks.delete(key)
    })

  return (key: Key) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.acquireUseRelease(
      take(key),
      ({ semaphore }) => semaphore.withPermits(1)(effect),
      (lock) => leave(key, lock)
    )
}
