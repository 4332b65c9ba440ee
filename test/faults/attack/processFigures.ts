import { FileSystem } from "@effect/platform"
import { Effect, Schedule } from "effect"
import { existsSync } from "node:fs"

/** Whether this system tells what a process uses. Only Linux does, in `/proc`. */
export const isMeasurable = existsSync("/proc/self/status")

/** Resident memory of a process, in MB. */
export const residentMemory = (pid: number) =>
  Effect.flatMap(FileSystem.FileSystem, (files) => files.readFileString(`/proc/${pid}/status`)).pipe(
    Effect.map((status) => Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024)
  )

/** Open descriptors of a process. Each of its connections has one. */
export const openDescriptors = (pid: number) =>
  Effect.flatMap(FileSystem.FileSystem, (files) => files.readDirectory(`/proc/${pid}/fd`)).pipe(
    Effect.map((descriptors) => descriptors.length)
  )

/** The first value of a figure, and the highest while the scope is open, 20 times a second. */
export const highestOf = Effect.fnUntraced(function*<E, R>(figure: Effect.Effect<number, E, R>) {
  const first = yield* figure
  let highest = first
  const measure = Effect.map(figure, (value) => {
    if (value > highest) highest = value
  })
  // The end of the process ends the measurements; the test sees it by itself.
  yield* measure.pipe(Effect.repeat(Schedule.spaced("50 millis")), Effect.ignore, Effect.forkScoped)
  return { first, highest: Effect.sync(() => highest) }
})
