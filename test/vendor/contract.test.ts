import { describe, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SessionManagerContract } from "../../src/testing/SessionManagerContract.js"
import { runtimeWith, vendors } from "./vendors.js"

const cases = [{ packets: "in whole packets", options: {} }, { packets: "split at every byte", options: { packet: 1 } }]
  .flatMap(({ options, packets }) =>
    Object.entries(vendors(options)).map(([vendor, make]) => ({
      vendor,
      packets,
      manager: Layer.unwrapScoped(Effect.map(make, ({ provider }) => runtimeWith(provider)))
    }))
  )

describe.each(cases)("SessionManager, answered by $vendor, $packets", ({ manager }) => {
  layer(manager)((it) => {
    for (const { name, run } of SessionManagerContract) it.effect(name, () => run)
  })
})
