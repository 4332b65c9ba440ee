import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import type { SessionId } from "../../../domain/Ids.js"
import type { Message } from "../../../domain/Message.js"
import type { SessionContext } from "../../../domain/SessionContext.js"
import type { SessionExport } from "../../../domain/Transfer.js"

/** A context, and the last `seq` when it came. */
export interface ContextVersion {
  readonly since: number
  readonly context: SessionContext
}

/**
 * Of the versions that a session and its origins had, those that are of use: its context, and what a fork or a rewind to a
 * message of its history comes back to. A fork begins with a version that its origin has too, which is one version here.
 */
export const knownContexts = (
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
