import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"

/**
 * The body of a request, or `"TooLarge"`. What is beyond `maxBytes` is never kept: a stated length is believed before
 * anything is read, and the rest of a longer body is left to Node, which drains it, so that the client gets to read an
 * answer. (The limit of `@effect/platform` resets the connection instead.)
 */
export const readBody = (
  request: HttpServerRequest.HttpServerRequest,
  maxBytes: number
): Effect.Effect<Uint8Array, "TooLarge"> =>
  Effect.async((resume) => {
    if (Number(request.headers["content-length"] ?? 0) > maxBytes) return resume(Effect.fail("TooLarge"))

    const source = NodeHttpServerRequest.toIncomingMessage(request)
    const chunks: Array<Uint8Array> = []
    let size = 0
    const onData = (chunk: Uint8Array) => {
      size += chunk.length
      if (size > maxBytes) return finish(Effect.fail("TooLarge"))
      chunks.push(chunk)
    }
    const onEnd = () => finish(Effect.succeed(Buffer.concat(chunks)))
    const finish = (result: Effect.Effect<Uint8Array, "TooLarge">) => {
      source.off("data", onData).off("end", onEnd)
      resume(result)
    }
    // A client that goes away interrupts the fiber of its request.
    source.on("data", onData).on("end", onEnd)
    return Effect.sync(() => source.off("data", onData).off("end", onEnd))
  })
