import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import type { SessionId } from "../../../domain/Ids.js"
import type { Message } from "../../../domain/Message.js"
import type { SessionContext } from "../../../domain/SessionContext.js"
import type { SessionExport } from "../../../domain/Transfer.js"

/** A version of the context, and the `seq` of the last message before it. */
export interface ContextVersion {
  readonly since: number
  readonly context: SessionContext
}

/**
 * The versions of a session and its origins that an export needs: the current context, and those that a fork or a rewind to a
 * message of its history would restore. The version that a fork shares with its origin appears once.
 */
export const usefulContexts = (
  sessionId: SessionId,
  versions: Iterable<ContextVersion>,
  history: ReadonlyArray<Message>
): SessionExport["contexts"] => {
  const byVersion = new Map<number, ContextVersion>()
  for (const { context, since } of Arr.sort(versions, inOrder)) {
    const first = byVersion.get(context.version)?.since ?? since
    byVersion.set(context.version, { since: first, context: { ...context, sessionId } })
  }
  const all = [...byVersion.values()]
  let seen = 0
  const known = all.filter(({ since }, index) => {
    const until = all[index + 1]?.since
    if (until === undefined) return true
    while ((history[seen]?.seq ?? Infinity) <= since) seen += 1
    return (history[seen]?.seq ?? Infinity) <= until
  })
  if (Arr.isNonEmptyReadonlyArray(known)) return known
  throw new Error(`Session "${sessionId}" has no context`)
}

const inOrder = Order.combine(
  Order.mapInput(Order.number, ({ context }: ContextVersion) => context.version),
  Order.mapInput(Order.number, ({ since }: ContextVersion) => since)
)
