/**
 * A connection whose client has begun a message.
 */
export interface Sender {
  /** Closes the connection, and frees what it holds of the message. */
  readonly closeUnfinished: () => void
}

/**
 * What all connections hold of messages whose ends have not arrived. When it is too much, the connection whose message began
 * first is closed: who means to end a message does so soon.
 */
export class UnfinishedMessages {
  /** The one that began first comes first. */
  readonly #held = new Map<Sender, number>()

  bytes = 0

  constructor(readonly maxBytes: number = 128 * 1024 * 1024) {}

  /** What the sender's connection holds now; 0 when no message has begun. */
  set(sender: Sender, bytes: number): void {
    this.bytes += bytes - (this.#held.get(sender) ?? 0)
    if (bytes === 0) this.#held.delete(sender)
    else this.#held.set(sender, bytes)
    while (this.bytes > this.maxBytes) {
      const [first] = this.#held.keys()
      if (first === undefined) return
      this.set(first, 0)
      first.closeUnfinished()
    }
  }
}
