import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import type { IdempotencyKey, TurnId } from "../../../../domain/Ids.js"
import { maxPageBytes, takeBytes } from "../../../../domain/Size.js"
import { isTerminal, type Turn } from "../../../../domain/Turn.js"

/**
 * A session's turns, by ordinal, by id and by idempotency key.
 */
export class MemoryTurns {
  lastOrdinal = 0
  private readonly all = new Map<number, Turn>()
  private readonly notEnded = new Map<number, Turn>()
  private readonly byId = new Map<TurnId, Turn>()
  private readonly byKey = new Map<IdempotencyKey, Turn>()

  get size(): number {
    return this.all.size
  }

  get hasOpen(): boolean {
    return this.notEnded.size > 0
  }

  /** By ordinal. */
  get open(): ReadonlyArray<Turn> {
    return Arr.sort(this.notEnded.values(), byOrdinal)
  }

  /** Turns in a terminal status, by ordinal. */
  get ended(): ReadonlyArray<Turn> {
    return Arr.sort(this.all.values(), byOrdinal).filter(({ status }) => isTerminal(status))
  }

  latest(limit: number): ReadonlyArray<Turn> {
    return takeBytes(Arr.take(Arr.sort(this.all.values(), Order.reverse(byOrdinal)), limit), maxPageBytes)
  }

  find(id: TurnId): Turn | undefined {
    return this.byId.get(id)
  }

  findByKey(key: IdempotencyKey): Turn | undefined {
    return this.byKey.get(key)
  }

  /** Throws when a turn has the ordinal, the id or the key of another turn. */
  assertOwn(turns: ReadonlyArray<Turn>): void {
    for (const { id, key, ordinal } of turns) {
      const namesakes = [
        this.all.get(ordinal),
        this.byId.get(id),
        key && this.byKey.get(key),
        ...turns.filter((turn) => turn.ordinal === ordinal || turn.id === id || (key && turn.key === key))
      ]
      if (namesakes.some((turn) => turn && (turn.ordinal !== ordinal || turn.id !== id || turn.key !== key))) {
        throw new Error(`Turn ${ordinal} has the ordinal, the id or the key of another turn`)
      }
    }
  }

  put(turn: Turn): void {
    this.all.set(turn.ordinal, turn)
    this.byId.set(turn.id, turn)
    if (turn.key) this.byKey.set(turn.key, turn)
    if (isTerminal(turn.status)) this.notEnded.delete(turn.ordinal)
    else this.notEnded.set(turn.ordinal, turn)
    this.lastOrdinal = Math.max(this.lastOrdinal, turn.ordinal)
  }
}

const byOrdinal = Order.mapInput(Order.number, (turn: Turn) => turn.ordinal)
