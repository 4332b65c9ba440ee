import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Order from "effect/Order"
import { Epoch } from "../../../domain/Epoch.js"
import { OwnershipLost } from "../../../domain/error/OwnershipLost.js"
import type { Message } from "../../../domain/Message.js"
import type { MessageId } from "../../../domain/MessageId.js"
import type { SessionContext } from "../../../domain/SessionContext.js"
import type { SessionInfo } from "../../../domain/SessionInfo.js"
import { empty, type SessionMetrics } from "../../../domain/SessionMetrics.js"
import { isTerminal, type Turn } from "../../../domain/Turn.js"
import type { SessionChanges } from "../../../services/SessionChanges.js"
import type { SessionSnapshot } from "../../../services/SessionSnapshot.js"
import { precedingSeq } from "./precedingSeq.js"

/**
 * One session in memory. What it holds changes; the values it gives out never do.
 */
export class MemorySession {
  metrics: SessionMetrics
  /** In the order they were added, which is that of their `seq`. */
  readonly messages = new Map<MessageId, Message>()
  readonly turns = new Map<number, Turn>()
  readonly openTurns = new Map<number, Turn>()
  /** About how many bytes its values take, as JSON. */
  size: number
  private epoch = Epoch.make(0)
  private lastSeq = 0
  private lastOrdinal = 0

  constructor(public info: SessionInfo, public context: SessionContext) {
    this.metrics = empty(info.id)
    this.size = sizeOf(info) + sizeOf(context)
  }

  latestTurns(limit: number): ReadonlyArray<Turn> {
    return Arr.take(Arr.sort(this.turns.values(), Order.reverse(byOrdinal)), limit)
  }

  ownedBy(epoch: Epoch): Either.Either<this, OwnershipLost> {
    return this.epoch === epoch
      ? Either.right(this)
      : Either.left(new OwnershipLost({ sessionId: this.info.id, epoch }))
  }

  open(window: number): SessionSnapshot {
    this.epoch = Epoch.make(this.epoch + 1)
    return {
      epoch: this.epoch,
      session: this.info,
      context: this.context,
      metrics: this.metrics,
      lastSeq: this.lastSeq,
      lastOrdinal: this.lastOrdinal,
      window: Arr.takeRight(this.messages.values(), window),
      openTurns: Arr.sort(this.openTurns.values(), byOrdinal)
    }
  }

  /** Throws, before it changes anything, when the owner has lost count. */
  apply(changes: SessionChanges): void {
    this.assertInOrder(changes)
    const { clearMessages, context, lastActivityAt, messages = [], metrics, status, turns = [] } = changes
    if (clearMessages) this.removeMessages()
    for (const message of messages) this.addMessage(message)
    for (const turn of turns) this.putTurn(turn)
    if (metrics) this.metrics = metrics
    if (context) {
      this.size += sizeOf(context) - sizeOf(this.context)
      this.context = context
    }
    this.info = {
      ...this.info,
      ...(status && { status }),
      ...(lastActivityAt && { lastActivityAt }),
      messageCount: this.messages.size
    }
  }

  private assertInOrder({ clearMessages, messages = [], turns = [] }: SessionChanges): void {
    const { id } = this.info
    if ((precedingSeq(id, messages) ?? this.lastSeq) !== this.lastSeq) {
      throw new Error(`The messages of a commit to session "${id}" do not begin where its history ends`)
    }
    const ids = new Set(messages.map((message) => message.id))
    if (ids.size < messages.length || (!clearMessages && Arr.some([...ids], (known) => this.messages.has(known)))) {
      throw new Error(`A message of a commit to session "${id}" has the id of another`)
    }
    for (const { id: turnId, ordinal } of turns) {
      if ((this.turns.get(ordinal)?.id ?? turnId) !== turnId) {
        throw new Error(`Turn ${ordinal} of session "${id}" is another one`)
      }
    }
  }

  private removeMessages(): void {
    for (const message of this.messages.values()) this.size -= sizeOf(message)
    this.messages.clear()
  }

  private addMessage(message: Message): void {
    this.size += sizeOf(message)
    this.messages.set(message.id, message)
    this.lastSeq = message.seq
  }

  private putTurn(turn: Turn): void {
    this.size += sizeOf(turn) - sizeOf(this.turns.get(turn.ordinal))
    this.turns.set(turn.ordinal, turn)
    this.lastOrdinal = Math.max(this.lastOrdinal, turn.ordinal)
    if (isTerminal(turn.status)) this.openTurns.delete(turn.ordinal)
    else this.openTurns.set(turn.ordinal, turn)
  }
}

const byOrdinal = Order.mapInput(Order.number, (turn: Turn) => turn.ordinal)

const sizeOf = (value: object | undefined): number => value === undefined ? 0 : JSON.stringify(value).length
