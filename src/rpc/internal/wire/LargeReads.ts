import * as Effect from "effect/Effect"

/**
 * Lets few calls with large answers run at once, with connections in turn, and none whose answer has no room to wait in. Such a
 * call holds its whole answer in memory before the first byte of it is written.
 */
export class LargeReads {
  /** The calls that wait, by connection. The connection that comes first is next. */
  readonly #waiting = new Map<number, Array<Place>>()
  #running = 0

  constructor(readonly isRoom: (connection: number) => boolean) {}

  /** Runs a read of a connection when it is its turn. */
  run<A, E, R>(connection: number, read: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      const place: Place = { connection, isRunning: false, start: undefined }
      this.#waiting.set(connection, [...this.#waiting.get(connection) ?? [], place])
      this.next()
      const turn = Effect.async<void>((resume) => {
        place.start = () => resume(Effect.void)
        if (place.isRunning) place.start()
      })
      return Effect.zipRight(turn, read).pipe(Effect.ensuring(Effect.sync(() => this.#leave(place))))
    })
  }

  /** Starts those that may run now. */
  next(): void {
    for (const [connection, places] of this.#waiting) {
      if (this.#running >= maxRunning) return
      const [first, ...others] = places
      if (first === undefined || !this.isRoom(connection)) continue
      this.#setWaiting(connection, others)
      this.#running += 1
      first.isRunning = true
      first.start?.()
    }
  }

  #leave(place: Place) {
    if (place.isRunning) this.#running -= 1
    else {this.#setWaiting(
        place.connection,
        (this.#waiting.get(place.connection) ?? []).filter((each) => each !== place)
      )}
    this.next()
  }

  /** Puts the connection behind the others. */
  #setWaiting(connection: number, places: Array<Place>) {
    this.#waiting.delete(connection)
    if (places.length > 0) this.#waiting.set(connection, places)
  }
}

/** A call that waits or runs. */
interface Place {
  readonly connection: number
  isRunning: boolean
  start: (() => void) | undefined
}

/** A store reads one page at a time, or a few when it is on another machine. */
const maxRunning = 4
