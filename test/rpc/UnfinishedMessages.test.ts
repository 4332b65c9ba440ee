import { assert, describe, it } from "@effect/vitest"
import { type Sender, UnfinishedMessages } from "../../src/rpc/internal/network/UnfinishedMessages.js"

const makeSender = () => {
  const sender = { closed: 0, closeUnfinished: () => void sender.closed++ }
  return sender satisfies Sender
}

describe("UnfinishedMessages", () => {
  it("closes the connection whose message began first when all hold too much, and forgets its bytes", () => {
    const messages = new UnfinishedMessages(100)
    const [first, second, third] = [makeSender(), makeSender(), makeSender()]
    messages.set(first, 10)
    messages.set(second, 40)
    messages.set(first, 50)
    messages.set(third, 10)
    assert.deepStrictEqual([messages.bytes, first.closed], [100, 0])
    messages.set(third, 11)
    assert.deepStrictEqual([messages.bytes, first.closed, second.closed, third.closed], [51, 1, 0, 0])
  })

  it("counts a message that has ended no more, and the next one as new", () => {
    const messages = new UnfinishedMessages(100)
    const [first, second] = [makeSender(), makeSender()]
    messages.set(first, 60)
    messages.set(second, 40)
    messages.set(first, 0)
    assert.strictEqual(messages.bytes, 40)
    messages.set(first, 61)
    assert.deepStrictEqual([messages.bytes, first.closed, second.closed], [61, 0, 1])
  })

  it("closes the only one when it holds too much by itself", () => {
    const messages = new UnfinishedMessages(100)
    const sender = makeSender()
    messages.set(sender, 101)
    assert.deepStrictEqual([messages.bytes, sender.closed], [0, 1])
  })
})
