import * as Socket from "@effect/platform/Socket"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * The WebSocket of the platform. Node 20 has none, so there it is the one of `ws`, whose build for browsers is empty.
 */
export const layer: Layer.Layer<Socket.WebSocketConstructor> = Layer.suspend(() =>
  "WebSocket" in globalThis
    ? Socket.layerWebSocketConstructorGlobal
    : Layer.effect(
      Socket.WebSocketConstructor,
      Effect.map(
        Effect.promise(() => import("ws")),
        // The same interface, described by other types.
        ({ WebSocket }) => (url, protocols) => new WebSocket(url, protocols) as unknown as globalThis.WebSocket
      )
    )
)
