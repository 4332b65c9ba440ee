import { Effect, Metric, MetricState } from "effect"
import type { SessionEvent } from "../../src/domain/Events.js"
import { TurnId } from "../../src/domain/Ids.js"
import type { Hook } from "../../src/services/Hook.js"
import { HookBus } from "../../src/services/HookBus.js"
import { now, sessionId } from "../domain/conversation.js"
import type { LogLine } from "../middleware/capturedLogs.js"

export const event = (turn: number | string): SessionEvent => ({
  _tag: "TurnStarted",
  sessionId,
  number: 1,
  at: now,
  turnId: TurnId.make(`${turn}`)
})
export const turnOf = (event: SessionEvent): string => ("turnId" in event ? event.turnId : event._tag)

/** A partial hook with a known error type. */
export interface TestHook extends Omit<Hook, "name" | "on"> {
  readonly on?: (event: SessionEvent) => Effect.Effect<void, string>
}

/** A hook that records its events before it handles them. */
export const recording = (name: string, { on = () => Effect.void, ...more }: TestHook = {}) => {
  const seen: Array<string> = []
  const hook: Hook = {
    ...more,
    name,
    on: (event) => {
      seen.push(turnOf(event))
      return on(event)
    }
  }
  return { hook, seen }
}

export const publish = (...turns: ReadonlyArray<number | string>) =>
  Effect.flatMap(HookBus, (bus) => Effect.forEach(turns, (turn) => bus.publish(event(turn)), { discard: true }))
export const flush = Effect.flatMap(HookBus, (bus) => bus.flush)
export const add = (hook: Hook) => Effect.flatMap(HookBus, (bus) => bus.add(hook))

export const messages = (lines: ReadonlyArray<LogLine>) => lines.map(({ level, message }) => `${level}: ${message}`)

export const count = (name: string, hook: string) =>
  Effect.map(Metric.snapshot, (pairs) => {
    const pair = pairs.find(({ metricKey }) =>
      metricKey.name === name && metricKey.tags.some(({ key, value }) => key === "hook" && value === hook)
    )
    return pair && MetricState.isCounterState(pair.metricState) ? Number(pair.metricState.count) : 0
  })
