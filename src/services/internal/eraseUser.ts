import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ErasureReceipt } from "../../domain/ErasureReceipt.js"
import type { SessionId } from "../../domain/SessionId.js"
import type { UserId } from "../../domain/UserId.js"
import type { ErasedSession } from "../ErasedSession.js"
import type { SessionHost } from "../SessionHost.js"
import type { SessionStore } from "../SessionStore.js"

/** Their actors all wait for the same disk. */
const atOnce = 4

/**
 * Deletes a user's sessions, each by its actor, those that begin meanwhile too, and then what is left of them in the store. It
 * can be repeated until it succeeds.
 */
export const eraseUser = Effect.fnUntraced(function*(
  store: SessionStore["Type"],
  erase: SessionHost["Type"]["erase"],
  userId: UserId
) {
  const erased: Array<ErasedSession> = []
  const eraseOne = (id: SessionId) =>
    Effect.catchTag(Effect.asSome(erase(id)), "SessionNotFound", () => Effect.succeedNone)
  const eraseSome = Effect.gen(function*() {
    const { items } = yield* store.list({ userId })
    const all = yield* Effect.forEach(items, ({ id }) => eraseOne(id), { concurrency: atOnce })
    erased.push(...all.flatMap(Option.toArray))
    return items.length > 0
  })
  yield* Effect.repeat(eraseSome, { while: (isMore) => isMore })
  const rollupDays = yield* store.removeUsageOf(userId)
  yield* store.purge

  const sum = (of: (session: ErasedSession) => number) => erased.reduce((total, session) => total + of(session), 0)
  return {
    userId,
    at: yield* DateTime.now,
    sessions: erased.length,
    messages: sum(({ messages }) => messages),
    turns: sum(({ turns }) => turns),
    sharedMessages: sum(({ sharedMessages }) => sharedMessages),
    rollupDays,
    providerCopies: {
      removed: sum(({ isForgotten }) => Number(isForgotten === true)),
      failed: sum(({ isForgotten }) => Number(isForgotten === false))
    }
  } satisfies ErasureReceipt
})
