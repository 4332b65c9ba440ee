import { describe, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as SessionClient from "../../src/client/SessionClient.js"
import * as SessionRuntime from "../../src/layers/SessionRuntime.js"
import { SessionServer } from "../../src/rpc/SessionServer.js"
import { SessionManagerContract } from "../../src/testing/SessionManagerContract.js"
import { token } from "./token.js"

const Local = SessionRuntime.layerTest()

const over = (transport: "http" | "websocket") =>
  Layer.unwrapEffect(Effect.map(SessionServer, ({ url }) => SessionClient.layer({ url, token, transport }))).pipe(
    Layer.provide(SessionServer.layer({ token, port: 0, drainTimeout: 0 })),
    Layer.provide(Local)
  )

describe.each([
  { place: "in process", manager: Local },
  { place: "over HTTP", manager: over("http") },
  { place: "over a WebSocket", manager: over("websocket") }
])("SessionManager $place", ({ manager }) => {
  layer(manager)((it) => {
    for (const { name, run } of SessionManagerContract) it.effect(name, () => run)
  })
})
