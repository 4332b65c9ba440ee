import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import * as Layer from "effect/Layer"
import { SessionRpcs } from "../../rpc/SessionRpcs.js"

/** An export is one frame, so what comes back may be far larger than what may be asked. */
const maxResponseLength = 128 * 1024 * 1024

const ndjson = RpcSerialization.makeNdjson({ maxBufferSize: maxResponseLength })

/**
 * Newline-delimited JSON, as the server expects it. A call that the server would refuse for its size is not even sent, since
 * a socket that has carried one is closed, with all other calls on it.
 */
export const layer: Layer.Layer<RpcSerialization.RpcSerialization> = Layer.succeed(RpcSerialization.RpcSerialization, {
  ...ndjson,
  unsafeMake: () => {
    const parser = ndjson.unsafeMake()
    const decoder = new TextDecoder()
    const encoder = new TextEncoder()
    return {
      encode: (message) => {
        const frame = parser.encode(message)
        const bufferSize = typeof frame === "string" ? encoder.encode(frame).length : 0
        if (bufferSize > SessionRpcs.maxRequestBytes) {
          throw new RpcSerialization.RpcSerializationError({
            reason: "BufferSizeExceeded",
            maxBufferSize: SessionRpcs.maxRequestBytes,
            bufferSize
          })
        }
        return frame
      },
      // A chunk of an HTTP response may end in the middle of a character.
      decode: (data) => parser.decode(typeof data === "string" ? data : decoder.decode(data, { stream: true }))
    }
  }
})
