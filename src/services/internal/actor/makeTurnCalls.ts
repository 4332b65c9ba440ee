import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { ChangeError } from "../../../domain/error/ChangeError.js"
import type { Turn } from "../../../domain/Turn.js"
import type { Asked } from "../provider/Asked.js"
import { makeConversations } from "../provider/makeConversations.js"
import { type Target, targetsOf } from "../provider/Target.js"
import { viewOf } from "../provider/viewOf.js"
import type { ActorCore } from "./ActorCore.js"
import type { ActorServices } from "./ActorServices.js"
import { callAgain } from "./callAgain.js"
import type { PersistFailure } from "./PersistFailure.js"
import type { RunningTurn } from "./RunningTurn.js"
import { runTurn, type TurnOutcome } from "./runTurn.js"
import type { SessionState } from "./SessionState.js"

/**
 * Who runs the turn that providers are called for.
 */
interface TurnOwner {
  readonly isRunning: (current: RunningTurn) => boolean
  readonly finish: (current: RunningTurn, outcome: TurnOutcome) => Effect.Effect<void, PersistFailure>
  readonly abandon: (current: RunningTurn, reason: ChangeError) => void
}

/**
 * Has providers called for the running turn, beside the mailbox, and shows and saves what they say meanwhile.
 */
export const makeTurnCalls = (core: ActorCore, services: ActorServices, owner: TurnOwner) => {
  const { feed, limits, providers } = services
  const { checkpointEvery, historyTokens, historyWindow } = limits
  const conversations = makeConversations(providers, core.id)

  const begin = (current: RunningTurn, { context, session, window }: SessionState, intend: Effect.Effect<void>) => {
    const { historyMessages = historyWindow, historyTokens: tokens = historyTokens } = session.config
    const messages = viewOf(window, { messages: historyMessages, tokens: Math.min(tokens, historyTokens) })
    current.saidBefore = current.live.text.length
    current.fiber = services.forkTurn(runTurn({
      request: { sessionId: session.id, turnId: current.live.turn.id, messages, context },
      context: { session, context, turnId: current.live.turn.id },
      middleware: current.middleware,
      targets: targetsOf(session).slice(current.place),
      conversations,
      services: services.provider,
      cursor: session.cursor,
      mayRepeat: current.live.turn.onUnknown === "retry",
      deadline: current.deadline,
      intend,
      again: (target, asked) => again(current, target, asked),
      emit: (text) => say(current, text),
      checkpoint: checkpoint(current),
      // The outcome comes back through the mailbox: only the actor itself changes the session.
      report: (outcome) =>
        core.tell({ run: owner.finish(current, outcome), abandon: (reason) => owner.abandon(current, reason) })
    }))
  }

  const again = (current: RunningTurn, target: Target, asked: Asked) => {
    const intend = Effect.gen(function*() {
      if (current.halt) return yield* Effect.fail(current.halt.error)
      const at = yield* DateTime.now
      const { turn, ...intent } = callAgain(core.state(), current.live.turn, target, asked.take(), at)
      yield* core.persist(intent)
      current.live.turn = turn
    })
    return Effect.catchAll(core.ask(intend), () => Effect.interrupt)
  }

  const say = ({ joined, live }: RunningTurn, text: string) => {
    const offset = live.text.length
    live.say(text)
    for (const other of joined) other.say(text)
    feed.publish(core.id, [{ _tag: "TurnDelta", turnId: live.turn.id, offset, text }])
  }

  const checkpoint = (current: RunningTurn) =>
    Effect.sync(() => {
      const save = Effect.sync(() => core.tell({ run: saveDraft(current), abandon: () => {} }))
      current.checkpoint ??= services.forkTimer(Effect.delay(save, checkpointEvery))
    })

  const saveDraft = (current: RunningTurn) =>
    Effect.suspend(() => {
      current.checkpoint = undefined
      const { live, saidBefore } = current
      const turn: Turn = { ...live.turn, draft: live.text.slice(saidBefore) }
      if (!owner.isRunning(current) || turn.draft === live.turn.draft) return Effect.void
      return Effect.map(core.persist({ changes: { turns: [turn] }, next: core.state() }), () => {
        live.turn = turn
      })
    })

  return { begin, close: conversations.close }
}
