import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import type { SessionEvent } from "../../domain/SessionEvent.js"
import type { Hook } from "../Hook.js"
import { deepFreeze } from "./deepFreeze.js"
import { type HookWorker, makeHookWorker } from "./hookWorker.js"

/**
 * The bus in memory: a worker for each hook.
 */
export const makeHookBus = Effect.fnUntraced(function*(initial: ReadonlyArray<Hook>) {
  const names = new Set<string>()
  const workers = new Set<HookWorker>()

  const takeName = (name: string) =>
    Effect.acquireRelease(
      Effect.suspend(() =>
        names.has(name)
          ? new ConfigurationError({ problems: [`there are two hooks "${name}"; give one of them another name`] })
          : Effect.sync(() => names.add(name))
      ),
      () => Effect.sync(() => names.delete(name))
    )

  const add = Effect.fnUntraced(function*(hook: Hook) {
    yield* takeName(hook.name)
    const worker = yield* makeHookWorker(hook)
    // Released first, so that nothing is added to what the worker then drains.
    yield* Effect.acquireRelease(
      Effect.sync(() => workers.add(worker)),
      () => Effect.sync(() => workers.delete(worker))
    )
  }, Effect.sequentialFinalizers)

  // Hooks drain side by side when the bus closes: their time limits must not add up.
  yield* Effect.parallelFinalizers(Effect.forEach(initial, add, { discard: true }))

  return {
    publish: (event: SessionEvent, onDelivered: () => void = constVoid): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (workers.size === 0) return Effect.sync(onDelivered)
        let left = workers.size
        const onDone = () => {
          left -= 1
          if (left === 0) onDelivered()
        }
        return Effect.forEach(workers, (worker) => worker.offer(deepFreeze(event), onDone), { discard: true })
      }),
    add,
    flush: Effect.suspend(() =>
      Effect.forEach(workers, ({ flush }) => flush, { concurrency: "unbounded", discard: true })
    )
  }
})
