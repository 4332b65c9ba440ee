/**
 * Follows the frames in the bytes that a WebSocket client sends (RFC 6455, section 5.2), and knows whether a message has begun
 * and not ended. `ws` keeps that to itself, and holds an unfinished message without limit of time.
 */
export class WebSocketFrames {
  #header: Array<number> = []
  /** Bytes of the current frame that are still to come. */
  #payload = 0
  /** Whether the current frame is the last of its message. Control frames may come between the frames of a message. */
  #isLast = true
  #isControl = false
  #isFragmented = false

  /** Messages that have ended. */
  ended = 0
  /** The size that the current message has announced so far, and how much of it has arrived. */
  size = 0
  arrived = 0

  get isInMessage(): boolean {
    return this.#header.length > 0 || this.#payload > 0 || this.#isFragmented
  }

  read(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#payload > 0) {
        const length = Math.min(this.#payload, chunk.length - at)
        at += length
        this.#payload -= length
        if (!this.#isControl) this.arrived += length
        if (this.#payload === 0) this.#endFrame()
        continue
      }
      this.#header.push(chunk[at] ?? 0)
      at += 1
      if (this.#header.length === headerLength(this.#header)) this.#beginFrame()
    }
  }

  #beginFrame() {
    const [flags = 0, length = 0] = this.#header
    this.#isControl = (flags & 0x08) !== 0
    this.#isLast = (flags & 0x80) !== 0
    this.#payload = payloadLength(this.#header, length & 0x7f)
    this.#header = []
    if (!this.#isControl) this.size += this.#payload
    if (this.#payload === 0) this.#endFrame()
  }

  #endFrame() {
    if (this.#isControl) return
    this.#isFragmented = !this.#isLast
    if (!this.#isLast) return
    this.ended += 1
    this.size = 0
    this.arrived = 0
  }
}

/** Two bytes, then the extended length and the mask that they announce. */
const headerLength = ([, second = 0]: ReadonlyArray<number>, read = second & 0x7f) =>
  2 + (read === 126 ? 2 : read === 127 ? 8 : 0) + ((second & 0x80) === 0 ? 0 : 4)

const payloadLength = (header: ReadonlyArray<number>, announced: number) =>
  announced < 126
    ? announced
    : header.slice(2, announced === 126 ? 4 : 10).reduce((length, byte) => length * 256 + byte, 0)
