import { assert, describe, it } from "@effect/vitest"
import { WebSocketFrames } from "../../src/rpc/internal/network/webSocketFrames.js"
import { frame } from "./rawSocket.js"

const text = 1
const continuation = 0
const pong = 10

describe("WebSocketFrames", () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 200_000]) {
    it(`follows a message of ${length} bytes, however it is cut`, () => {
      for (const step of [1, 3, 1000, 1_000_000]) {
        const frames = new WebSocketFrames()
        const bytes = frame(text, length)
        for (let at = 0; at < bytes.length; at += step) {
          frames.read(bytes.subarray(at, at + step))
          assert.strictEqual(frames.isInMessage, at + step < bytes.length)
        }
        assert.deepStrictEqual([frames.ended, frames.size], [1, 0])
      }
    })
  }

  it("knows the announced size of a message before its content arrives", () => {
    const frames = new WebSocketFrames()
    frames.read(frame(text, 70_000).subarray(0, 20))
    assert.strictEqual(frames.size, 70_000)
  })

  it("is in a message until its last part, with control frames in between", () => {
    const frames = new WebSocketFrames()
    const states = [
      frame(text, 5, false),
      frame(pong, 4),
      frame(continuation, 300, false),
      frame(pong, 0),
      frame(continuation, 0)
    ].map((bytes) => {
      frames.read(bytes)
      return [frames.isInMessage, frames.size]
    })
    assert.deepStrictEqual(states, [[true, 5], [true, 5], [true, 305], [true, 305], [false, 0]])
    assert.strictEqual(frames.ended, 1)
  })

  it("is in no message after a control frame alone, and in the next one after several in one chunk", () => {
    const frames = new WebSocketFrames()
    frames.read(frame(pong, 4))
    assert.deepStrictEqual([frames.isInMessage, frames.ended], [false, 0])
    frames.read(Buffer.concat([frame(text, 10), frame(text, 20), frame(text, 30).subarray(0, 9)]))
    assert.deepStrictEqual([frames.isInMessage, frames.ended, frames.size], [true, 2, 30])
  })
})
