import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import { HookName } from "../../domain/HookName.js"
import type { SessionEvent } from "../../domain/SessionEvent.js"
import type { Hook } from "../Hook.js"
import type { HookFailure } from "../HookFailure.js"
import { deepFreeze } from "./deepFreeze.js"
import { type HookWorker, makeHookWorker } from "./hookWorker.js"

const isName = Schema.is(HookName)

/**
 * The bus in memory: a worker for each hook.
 */
export const makeHookBus = Effect.fnUntraced(function*(initial: ReadonlyArray<Hook>) {
  const names = new Set<string>()
  const workers = new Map<string, HookWorker>()

  const takeName = (name: string) =>
    Effect.acquireRelease(
      Effect.suspend(() => {
        if (!isName(name)) return refuse("a hook's name must be 1 to 64 characters, without control characters")
        if (names.has(name)) return refuse(`there are two hooks "${name}"; give one of them another name`)
        return Effect.sync(() => names.add(name))
      }),
      () => Effect.sync(() => names.delete(name))
    )

  const add = Effect.fnUntraced(function*(hook: Hook) {
    yield* takeName(hook.name)
    const worker = yield* makeHookWorker(hook)
    // Released first, so that nothing is added to what the worker then drains.
    yield* Effect.acquireRelease(
      Effect.sync(() => workers.set(hook.name, worker)),
      () => Effect.sync(() => workers.delete(hook.name))
    )
  }, Effect.sequentialFinalizers)

  // Hooks drain side by side when the bus closes: their time limits must not add up.
  yield* Effect.parallelFinalizers(Effect.forEach(initial, add, { discard: true }))

  return {
    publish: (
      event: SessionEvent,
      onDelivered: (failures: ReadonlyArray<HookFailure>) => void = constVoid
    ): Effect.Effect<boolean> =>
      Effect.suspend(() => {
        const failures: Array<HookFailure> = []
        let left = workers.size
        if (left === 0) {
          onDelivered(failures)
          return Effect.succeed(true)
        }
        const onDone = (failure: Option.Option<HookFailure>) => {
          if (Option.isSome(failure)) failures.push(failure.value)
          left -= 1
          if (left === 0) onDelivered(failures)
        }
        return Effect.map(
          Effect.forEach(workers.values(), (worker) => worker.offer(deepFreeze(event), onDone)),
          (taken) => taken.every((one) => one)
        )
      }),

    replay: (name: string, event: SessionEvent) =>
      Effect.suspend(() => {
        const gone = refuse(`there is no hook "${name}"; register it, and replay again`)
        const worker = workers.get(name)
        return worker === undefined
          ? gone
          : Effect.flatMap(worker.tell(deepFreeze(event)), Option.match({ onNone: () => gone, onSome: Effect.succeed }))
      }),

    add,
    hasHooks: Effect.sync(() => workers.size > 0),
    flush: Effect.suspend(() =>
      Effect.forEach(workers.values(), ({ flush }) => flush, { concurrency: "unbounded", discard: true })
    )
  }
})

const refuse = (problem: string) => new ConfigurationError({ problems: [problem] })
