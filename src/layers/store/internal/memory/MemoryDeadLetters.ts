import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import type { DeadLetter, DeadLetterQuery } from "../../../../domain/DeadLetter.js"
import type { InvalidRequest } from "../../../../domain/error/RequestError.js"
import type { SessionId } from "../../../../domain/Ids.js"
import type { Page } from "../../../../domain/Page.js"
import type { SessionDeletion } from "../../../../services/SessionStore.js"
import { maxDeadLetters } from "../commitRules.js"
import { deadLetterCursor, pageOf, pageSize } from "../pages.js"

interface Kept {
  readonly key: number
  letter: DeadLetter
}

interface Deletion {
  readonly event: SessionDeletion
  isDelivered: boolean
}

/**
 * Dead letters, and the deletions that hooks have not been notified of, in memory.
 */
export class MemoryDeadLetters {
  /** Oldest first. */
  private readonly letters = new Map<string, Kept>()
  private readonly deletions = new Map<SessionId, Deletion>()
  private lastKey = 0

  get size(): number {
    return this.letters.size
  }

  /** Returns how many dead letters were dropped to stay within the limit of their hook. */
  add(letters: ReadonlyArray<DeadLetter>): number {
    for (const letter of letters) {
      const place = placeOf(letter)
      if (!this.letters.has(place)) this.letters.set(place, { key: ++this.lastKey, letter })
    }
    const hooks = new Set(letters.map(({ hook }) => hook))
    const excess = [...hooks].flatMap((hook) =>
      Arr.dropRight([...this.letters.values()].filter(({ letter }) => letter.hook === hook), maxDeadLetters)
    )
    for (const { letter } of excess) this.remove(letter)
    return excess.length
  }

  update(letter: DeadLetter): void {
    const kept = this.letters.get(placeOf(letter))
    if (kept) kept.letter = letter
  }

  remove(letter: DeadLetter): void {
    this.letters.delete(placeOf(letter))
    this.forgetDeletion(letter.sessionId)
  }

  page(
    { cursor, hook, limit = pageSize, sessionId }: DeadLetterQuery
  ): Either.Either<Page<DeadLetter>, InvalidRequest> {
    return Either.map(
      cursor === undefined ? Either.right({ key: 0 }) : deadLetterCursor.decode(cursor),
      (position) => {
        const matching = [...this.letters.values()].filter(({ key, letter }) =>
          key > position.key && (hook === undefined || letter.hook === hook) &&
          (sessionId === undefined || letter.sessionId === sessionId)
        )
        const { items, ...page } = pageOf(matching, limit, ({ key }) => deadLetterCursor.encode({ key }))
        return { ...page, items: items.map(({ letter }) => letter) }
      }
    )
  }

  /** Removes the dead letters of a session, and keeps its deletion for the hooks, if there is one. */
  removeSession(id: SessionId, event?: SessionDeletion): void {
    for (const { letter } of this.ofSession(id)) this.letters.delete(placeOf(letter))
    if (event) this.deletions.set(id, { event, isDelivered: false })
  }

  notDelivered(limit: number): ReadonlyArray<SessionDeletion> {
    return Arr.take([...this.deletions.values()].filter(({ isDelivered }) => !isDelivered), limit).map(({ event }) =>
      event
    )
  }

  deletion(id: SessionId): SessionDeletion | undefined {
    return this.deletions.get(id)?.event
  }

  settle(id: SessionId, letters: ReadonlyArray<DeadLetter>): number {
    const deletion = this.deletions.get(id)
    if (!deletion || deletion.isDelivered) return 0
    deletion.isDelivered = true
    const dropped = this.add(letters)
    this.forgetDeletion(id)
    return dropped
  }

  clear(): void {
    this.letters.clear()
    this.deletions.clear()
  }

  private ofSession(id: SessionId): ReadonlyArray<Kept> {
    return [...this.letters.values()].filter(({ letter }) => letter.sessionId === id)
  }

  private forgetDeletion(id: SessionId): void {
    if (this.deletions.get(id)?.isDelivered && this.ofSession(id).length === 0) this.deletions.delete(id)
  }
}

const placeOf = ({ hook, number, sessionId }: DeadLetter): string => `${sessionId} ${number} ${hook}`
