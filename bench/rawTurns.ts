import Database from "better-sqlite3"
import { Effect } from "effect"

interface RawTurns {
  readonly filename: string
  readonly sessions: number
  readonly turnsEach: number
  readonly inFlight: number
  readonly message: string
  readonly reply: string
}

/**
 * Measures the cost of disk and SQLite alone: writes the same messages with better-sqlite3 directly, two commits per turn, with
 * all waiting writes in one transaction. Returns turns per second.
 */
export const rawTurns = ({ filename, inFlight, message, reply, sessions, turnsEach }: RawTurns) =>
  Effect.promise(async () => {
    const db = new Database(filename)
    db.pragma("journal_mode = WAL")
    db.pragma("synchronous = FULL")
    db.exec(
      "CREATE TABLE messages (session INTEGER, seq INTEGER, role TEXT, text TEXT, PRIMARY KEY (session, seq)) WITHOUT ROWID"
    )
    db.exec("CREATE TABLE metrics (session INTEGER PRIMARY KEY, messages INTEGER)")
    const insert = db.prepare("INSERT INTO messages VALUES (?, ?, ?, ?)")
    const count = db.prepare("INSERT INTO metrics VALUES (?, 2) ON CONFLICT DO UPDATE SET messages = messages + 2")

    let waiting: Array<{ readonly write: () => void; readonly done: () => void }> = []
    const flush = () => {
      const batch = waiting
      waiting = []
      db.exec("BEGIN IMMEDIATE")
      for (const { write } of batch) write()
      db.exec("COMMIT")
      for (const { done } of batch) done()
    }
    const commit = (write: () => void) =>
      new Promise<void>((done) => {
        if (waiting.length === 0) setImmediate(flush)
        waiting.push({ write, done })
      })

    const turn = async (session: number, index: number) => {
      await commit(() => insert.run(session, 2 * index, "user", message))
      await commit(() => {
        insert.run(session, 2 * index + 1, "assistant", reply)
        count.run(session)
      })
    }

    const from = performance.now()
    for (let index = 0; index < turnsEach; index++) {
      let next = 0
      const worker = async () => {
        while (next < sessions) await turn(next++, index)
      }
      await Promise.all(Array.from({ length: inFlight }, worker))
    }
    const perSecond = (sessions * turnsEach) / ((performance.now() - from) / 1000)
    db.close()
    return perSecond
  })
