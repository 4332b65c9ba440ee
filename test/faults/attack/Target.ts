import { NodeContext } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import { Console, Effect, Schedule, Schema } from "effect"
import { makeServerUnderTest, type StartOptions } from "../ServerUnderTest.js"
import { startClient } from "./clientProcess.js"
import { highestOf, openDescriptors, residentMemory } from "./processFigures.js"
import { Waits } from "./Waits.js"

/** What an attack did to a server and to its other clients. */
export interface Damage {
  /** Resident memory before the attack, and the most during it, in MB. */
  readonly memory: { readonly before: number; readonly most: number }
  readonly waits: Waits
}

/**
 * A server to attack, in a process of its own, until the scope closes.
 */
export const startTarget = Effect.fnUntraced(function*(options: StartOptions = {}) {
  const { pid, url } = yield* Effect.flatMap(makeServerUnderTest, (server) => server.start(options)).pipe(
    Effect.provide(NodeContext.layer)
  )
  const connections = Effect.provide(openDescriptors(pid), NodeContext.layer)
  const idle = yield* connections

  return {
    url,

    /** Connections that the operating system holds for the server. */
    connections: Effect.map(connections, (open) => open - idle),

    /** Waits until at most so many connections are open. */
    untilConnections: (count: number) =>
      Effect.repeat(connections, { until: (open) => open - idle <= count, schedule: Schedule.spaced("100 millis") }),

    /** Runs an attack beside a probe, and returns what it did. Prints the figures under the name of the attack. */
    measure: <A, E, R>(name: string, attack: Effect.Effect<A, E, R>) =>
      Effect.gen(function*() {
        const probe = yield* startClient(new URL("probe.ts", import.meta.url), url)
        yield* probe.nextLine
        const memory = yield* highestOf(residentMemory(pid))
        const result = yield* attack
        yield* probe.stop
        const waits = yield* Effect.flatMap(probe.nextLine, Schema.decode(Schema.parseJson(Waits)))
        const most = yield* memory.highest
        yield* Console.log(
          `  ${name}: ${memory.first.toFixed()} to ${most.toFixed()} MB; ` +
            `${waits.calls} calls of another client waited ${waits.max} ms at most, ${waits.p99} ms at p99`
        )
        const damage: Damage = { memory: { before: memory.first, most }, waits }
        return { result, damage }
      }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))
  }
})

export interface Target extends Effect.Effect.Success<ReturnType<typeof startTarget>> {}

/** Asserts that the server grew by so many MB at most, and answered each call of another client within 2 seconds. */
export const assertBearable = ({ memory, waits }: Damage, growth: number) => {
  assert.deepStrictEqual(waits.failures, [])
  assert.isAtMost(waits.max, longestWait)
  assert.isAtMost(memory.most - memory.before, growth)
}

/** Milliseconds. The reads and turns of the attack itself have to fit in between. */
const longestWait = 2000
