import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { MessageContent } from "../../../domain/Message.js"
import type { ConfigureSession, RewindSession } from "../../../domain/Session.js"
import type { SessionContext } from "../../../domain/SessionContext.js"
import { checkTargets } from "../../../services/internal/calls/targets.js"
import type { ActorCore } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { checkLimits, type makeSendCommands } from "./sendCommands.js"
import { appendMessages, configureSession, type EventBody, newMessage, withEvents } from "./SessionState.js"
import { closeToolCalls } from "./turnEnd.js"
import type { TurnQueue } from "./TurnQueue.js"
import { withCursor } from "./turnSteps.js"

/**
 * Commands that change the history or the configuration between turns: system messages, clear, rewind, configure.
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
    // A provider's copy of the conversation that includes removed messages must not be resumed.
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
    yield* turns.closeConversations
    return core.state().session
  })

  return {
    sendSystem,
    clear,
    configure: (changes: ConfigureSession) => core.ask(configureAs(changes), sends.betweenTurns),
    rewind: (rewind: RewindSession) => core.ask(rewindTo(rewind), sends.betweenTurns)
  }
}
