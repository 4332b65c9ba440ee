import type { FromServerEncoded } from "@effect/rpc/RpcMessage"
import * as Effect from "effect/Effect"
import { eventLoopTurn } from "../../../services/internal/eventLoopTurn.js"
import type { ServerLimits } from "../../ServerLimits.js"
import { jsonPieces, jsonSize } from "./jsonPieces.js"

/**
 * Where an outbox writes.
 */
export interface Writer {
  /** Writes a piece of a line without waiting; `isLast` ends the line. */
  readonly write: (piece: string, isLast: boolean) => void
  /** Bytes that were written and that the client has not read. */
  readonly unread: () => number
  /** Stops reading from the client, or reads again. */
  readonly setReading: (isReading: boolean) => void
  /** Closes the connection, since its client does not read. */
  readonly closeUnread: () => void
}

interface Answer {
  readonly response: FromServerEncoded
  readonly size: number
  /** Called once the answer is written. */
  readonly onWritten: () => void
}

/**
 * What all outboxes of a server share.
 */
export class OutboxGroup {
  /** Sizes of the answers that wait in outboxes whose clients read. */
  waiting = 0
  /** Outboxes whose clients do not read, and the sizes of the answers that wait in them. */
  readonly blocked = new Set<Outbox>()
  blockedHeld = 0
  /** Called when an outbox has room again. */
  onRoom: () => void = () => {}

  readonly #encoding: Effect.Semaphore

  constructor(
    readonly limits: Pick<ServerLimits, "encodingBytes" | "unreadBytes">,
    readonly fork: (effect: Effect.Effect<void>) => void,
    readonly now: () => number
  ) {
    this.#encoding = Effect.unsafeMakeSemaphore(limits.encodingBytes)
  }

  /** Waits until so many bytes more may be encoded. */
  takeEncoding(size: number): Effect.Effect<number> {
    return this.#encoding.take(Math.min(size, this.limits.encodingBytes))
  }

  releaseEncoding(taken: number): Effect.Effect<number> {
    return this.#encoding.release(taken)
  }

  /** Closes the connections that hold the most, until the rest holds no more than `maxBlockedBytes`. */
  trim(): void {
    while (this.blockedHeld > maxBlockedBytes) {
      let [largest] = this.blocked
      for (const outbox of this.blocked) if (largest === undefined || outbox.held > largest.held) largest = outbox
      if (largest === undefined) return
      largest.giveUp()
    }
  }
}

/**
 * The answers of one connection, in order. A large one is encoded and written in pieces, between which other connections have
 * their turn. When its client does not read, it waits, and keeps a bounded number of bytes meanwhile.
 */
export class Outbox {
  /** Sizes of the answers that are not written yet. */
  held = 0
  /** Since when the client has left too much unread. */
  blockedSince: number | undefined
  /** Called when the client has read again. */
  onDrained: () => void = () => {}

  readonly #queue: Array<Answer> = []
  readonly #readable = Effect.unsafeMakeLatch(true)
  #isPumping = false
  #isClosed = false

  constructor(readonly writer: Writer, readonly group: OutboxGroup) {}

  /** Whether it is closed, or so full that no more large answers should be made for it. */
  get isFull(): boolean {
    return this.#isClosed || this.blockedSince !== undefined || this.held > this.group.limits.unreadBytes
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  offer(response: FromServerEncoded, onWritten: () => void = () => {}): void {
    if (this.#isClosed) return
    const size = jsonSize(response)
    if (size <= pieceSize && !this.#isPumping && this.blockedSince === undefined) {
      this.writer.write(`${JSON.stringify(response)}\n`, true)
      this.#checkUnread()
      return onWritten()
    }
    this.#queue.push({ response, size, onWritten })
    this.#hold(size)
    const others = this.held - (this.#queue[0]?.size ?? 0)
    if (this.blockedSince !== undefined && others > maxHeldBytes) return this.giveUp()
    if (this.#isPumping) return
    this.#isPumping = true
    this.group.fork(this.#pump())
  }

  /** The client has read everything that was written. */
  drained(): void {
    if (this.blockedSince === undefined || this.#isClosed) return
    this.#unblock()
    this.#readable.unsafeOpen()
    this.onDrained()
    this.group.onRoom()
  }

  /** Drops what is not written. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#hold(-this.held)
    this.#queue.length = 0
    this.#unblock()
    this.#readable.unsafeOpen()
    this.group.onRoom()
  }

  /** Closes the connection of a client that does not read. */
  giveUp(): void {
    this.close()
    this.writer.closeUnread()
  }

  #pump(): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      for (let answer = this.#queue[0]; answer !== undefined; answer = this.#queue[0]) {
        yield* this.#writeInPieces(answer)
        // Closing has emptied the queue.
        if (this.#queue.shift() === undefined) return
        this.#hold(-answer.size)
        answer.onWritten()
        this.group.onRoom()
      }
      this.#isPumping = false
    })
  }

  #writeInPieces({ response, size }: Answer): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      yield* this.#readable.await
      let taken = yield* this.group.takeEncoding(size)
      for (const piece of jsonPieces(response, pieceSize)) {
        if (this.#isClosed) break
        this.writer.write(piece, false)
        this.#checkUnread()
        if (this.blockedSince === undefined) {
          yield* eventLoopTurn
          continue
        }
        // Nothing is encoded while the client does not read, so others may.
        yield* this.group.releaseEncoding(taken)
        yield* this.#readable.await
        taken = yield* this.group.takeEncoding(size)
      }
      yield* this.group.releaseEncoding(taken)
      if (!this.#isClosed) this.writer.write("\n", true)
    })
  }

  #checkUnread() {
    if (this.blockedSince !== undefined || this.writer.unread() <= this.group.limits.unreadBytes) return
    this.blockedSince = this.group.now()
    this.#readable.unsafeClose()
    this.group.waiting -= this.held
    this.group.blockedHeld += this.held
    this.group.blocked.add(this)
    this.writer.setReading(false)
    this.group.trim()
  }

  #unblock() {
    if (this.blockedSince === undefined) return
    this.blockedSince = undefined
    this.group.blocked.delete(this)
    this.group.blockedHeld -= this.held
    this.group.waiting += this.held
  }

  #hold(size: number) {
    this.held += size
    if (this.blockedSince === undefined) {
      this.group.waiting += size
      return
    }
    this.group.blockedHeld += size
    this.group.trim()
  }
}

/** Characters of an answer that are encoded and written at once. */
const pieceSize = 256 * 1024

/** Bytes of answers that may wait for one client that does not read, besides the answer being written. */
const maxHeldBytes = 32 * 1024 * 1024

/** Bytes of answers that may wait for all clients that do not read. */
const maxBlockedBytes = 128 * 1024 * 1024
