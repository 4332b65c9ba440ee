import { describe, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { connectSessionManager } from "../../src/client/connectSessionManager.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { createSessionManager } from "../../src/promise/createSessionManager.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { SessionManagerContract } from "../../src/testing/SessionManagerContract.js"
import { token } from "../rpc/token.js"
import { asService } from "./manager.js"

const inProcess = asService(Effect.promise(() => createSessionManager({ providerRetries: 0, drainTimeout: 0 })))

const remote = Layer.unwrapEffect(
  Effect.map(
    SessionServer,
    ({ url }) => asService(Effect.promise(() => connectSessionManager({ url, token, drainTimeout: 0 })))
  )
).pipe(
  Layer.provide(SessionServer.layer({ token, port: 0, drainTimeout: 0 })),
  Layer.provide(SessionRuntime.layerTest())
)

describe.each([
  { place: "in process", manager: inProcess },
  { place: "over the wire", manager: remote }
])("the manager of promises, $place", ({ manager }) => {
  layer(manager)((it) => {
    for (const { name, run } of SessionManagerContract) it.effect(name, () => run)
  })
})
