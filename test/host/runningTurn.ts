import { Effect } from "effect"
import type { Session } from "../../src/services/Session.js"
import { gatedReply } from "./gatedReply.js"
import { script } from "./scripted.js"

/**
 * A turn whose provider was called, and which is answered with `text` once `open` is run.
 */
export const runningTurn = (session: Session, asking: Parameters<Session["submit"]>[0], text: string) =>
  Effect.gen(function*() {
    const { asked, reply, ...gate } = yield* gatedReply(text)
    yield* script(reply)
    const { turnId } = yield* session.submit(asking)
    yield* asked
    return { ...gate, turnId }
  })
