import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { ConfigureSession } from "../../../domain/ConfigureSession.js"
import type { MessageContent } from "../../../domain/MessageContent.js"
import type { RewindSession } from "../../../domain/RewindSession.js"
import type { SessionContext } from "../../../domain/SessionContext.js"
import { checkTargets } from "../provider/checkTargets.js"
import type { ActorCore } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { appendMessages } from "./appendMessages.js"
import { withCursor } from "./CallTrace.js"
import { checkLimits } from "./checkLimits.js"
import { closeToolCalls } from "./closeToolCalls.js"
import { configureSession } from "./configureSession.js"
import type { EventBody } from "./EventBody.js"
import type { makeSendCommands } from "./makeSendCommands.js"
import { newMessage } from "./newMessage.js"
import type { TurnQueue } from "./TurnQueue.js"
import { withEvents } from "./withEvents.js"

/**
 * Changes of the history, and of who answers, that belong to no turn, and fall into none.
 */
export const makeHistoryCommands = (
  core: ActorCore,
  turns: TurnQueue,
  sends: ReturnType<typeof makeSendCommands>,
  services: ActorServices
) => {
  const { ids, limits, providers, store } = services

  const append = Effect.fnUntraced(function*(message: ReturnType<typeof newMessage>, at: DateTime.Utc) {
    const added = appendMessages(core.state(), [message], at, limits.historyWindow)
    yield* core.persist(withEvents(added, at, [{ _tag: "MessageSent", message }]))
    return message
  })

  const sendSystem = Effect.fnUntraced(function*(content: MessageContent) {
    const prompt = yield* sends.admit(content)
    const add = Effect.gen(function*() {
      yield* sends.requireOpen("sendSystem")
      yield* checkLimits(core.state(), prompt, 1)
      const at = yield* DateTime.now
      return yield* append(
        newMessage(core.state(), { ...prompt, id: yield* ids.messageId, role: "system", createdAt: at }),
        at
      )
    })
    return yield* core.ask(add, sends.betweenTurns)
  })

  const clear = core.ask(
    Effect.gen(function*() {
      yield* sends.requireOpen("clear")
      const state = core.state()
      const next = { ...state, window: [], session: { ...withCursor(state.session, null), messageCount: 0 } }
      const changes = { clearMessages: true, cursor: null }
      yield* core.persist(withEvents({ changes, next }, yield* DateTime.now, [{ _tag: "MessagesCleared" }]))
    }),
    sends.betweenTurns
  )

  const rewindTo = Effect.fnUntraced(function*({ to }: RewindSession) {
    yield* sends.requireOpen("rewind")
    const { seq } = yield* store.message(core.id, to)
    const before = yield* store.contextAt(core.id, seq)
    const state = core.state()
    const at = yield* DateTime.now
    const context: SessionContext | undefined = before.version === state.context.version
      ? undefined
      : { ...before, sessionId: core.id, version: state.context.version + 1, updatedAt: at }
    const bodies: ReadonlyArray<EventBody> = [
      { _tag: "MessagesRewound", to: seq },
      ...(context ? [{ _tag: "ContextUpdated" as const, context }] : [])
    ]
    const { cursor } = state.session
    // A provider that has what is taken back here would go on with it.
    const changes = {
      rewindTo: seq,
      ...(context && { context }),
      ...(cursor && cursor.seq > seq && { cursor: null })
    }
    yield* core.persist(withEvents({ changes, next: state }, at, bodies))
    yield* core.reload
    yield* Effect.forEach(
      yield* closeToolCalls(ids, core.state(), at),
      (message) => append(message, at),
      { discard: true }
    )
  })

  const configureAs = Effect.fnUntraced(function*(changes: ConfigureSession) {
    yield* sends.requireOpen("configure")
    const configured = yield* configureSession(core.state(), changes, yield* DateTime.now)
    yield* checkTargets(providers, configured.next.session)
    yield* core.persist(configured)
    yield* turns.reopen
    return core.state().session
  })

  return {
    sendSystem,
    clear,
    configure: (changes: ConfigureSession) => core.ask(configureAs(changes), sends.betweenTurns),
    rewind: (rewind: RewindSession) => core.ask(rewindTo(rewind), sends.betweenTurns)
  }
}
