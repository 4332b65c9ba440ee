import Database from "better-sqlite3"

interface Fleet {
  readonly filename: string
  /** Number of sessions. Their keys are 1 to this number. */
  readonly sessions: number
  /** Messages in each session before and after. */
  readonly from: number
  readonly to: number
  readonly days: number
  /** Milliseconds since the epoch. */
  readonly now: number
}

const vocabulary = 5000
const wordsEach = 12
const day = 24 * 60 * 60 * 1000

/** Makes a deterministic pseudo-random generator. */
const makeRandom = (seed: number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/**
 * Adds messages to existing sessions and sets their age, directly in SQLite and in the format of the store. Word frequencies are
 * skewed as in natural language: `w0` is in about every second message. `rare<n>` is in the first message of the session with
 * key `n`, and the phrase `blue whale` is in every thousandth message.
 */
export const fillSessions = ({ days, filename, from, now, sessions, to }: Fleet): void => {
  const db = new Database(filename)
  db.pragma("synchronous = OFF")
  const addMessage = db.prepare(`
    INSERT INTO messages (session_key, seq, id, role, created_at, metadata, parts) VALUES (?, ?, ?, ?, ?, '{}', ?)`)
  const index = db.prepare("INSERT INTO message_search (rowid, words) VALUES (? * 2147483648 + ?, ?)")
  const setCount = db.prepare(`
    UPDATE sessions SET created_at = @at, last_activity_at = @at + ${day}, last_seq = @count, message_count = @count,
      indexed_seq = @count WHERE key = @key`)
  const setTagsAt = db.prepare(`
    UPDATE session_tags SET created_at = @at WHERE session_id = (SELECT id FROM sessions WHERE key = @key)`)
  const addUse = db.prepare(`
    INSERT INTO rollups (
      user_id, day, provider, model, tag_set, sessions, completed_turns, failed_turns, stopped_turns, interrupted_turns,
      total_messages, user_messages, assistant_messages, system_messages, provider_calls, provider_errors, input_tokens,
      output_tokens, cost_nano_usd, unpriced_calls, latency_ms, max_latency_ms
    )
    SELECT
      ?, ?, provider, model, tag_set, 0, @turns, 0, 0, 0, 2 * @turns, @turns, @turns, 0, @turns, 0, 9 * @turns, 9 * @turns,
      0, @turns, 100 * @turns, 900
    FROM sessions WHERE key = @key
    ON CONFLICT DO UPDATE SET
      completed_turns = completed_turns + @turns,
      total_messages = total_messages + 2 * @turns,
      provider_calls = provider_calls + @turns`)
  const addLatency = db.prepare(`
    INSERT INTO rollup_tallies (user_id, day, provider, model, tag_set, kind, count)
    SELECT ?, ?, provider, model, tag_set, ?, 1 FROM sessions WHERE key = ?
    ON CONFLICT DO UPDATE SET count = count + 1`)
  const userOf = db.prepare("SELECT user_id FROM sessions WHERE key = ?").pluck()
  const startedAt = now - days * day

  const fill = db.transaction((key: number) => {
    const random = makeRandom(key + from * sessions)
    const at = Math.floor(startedAt + ((key % 997) / 997) * (days - 1) * day)
    for (let seq = from + 1; seq <= to; seq++) {
      const words = Array.from({ length: wordsEach }, () => `w${Math.floor(vocabulary ** random()) - 1}`)
      if (seq === 1) words.push(`rare${key}`)
      if ((key + 7 * seq) % 1000 === 0) words.push("blue", "whale")
      const text = words.join(" ")
      const id = Buffer.alloc(16)
      id.writeBigUInt64BE(BigInt(key) * 1_000_000n + BigInt(seq))
      addMessage.run(key, seq, id, seq % 2 === 1 ? 0 : 1, at + seq * 60_000, JSON.stringify(text))
      index.run(key, seq, text)
    }
    const values = { key, at, count: to }
    setCount.run(values)
    setTagsAt.run(values)
    const turns = (to - from) / 2
    for (const owner of ["", userOf.get(key)]) {
      addUse.run(owner, Math.floor(at / day), { key, turns })
      for (let turn = 0; turn < turns; turn++) {
        addLatency.run(owner, Math.floor(at / day), 20 + Math.floor(random() * 12), key)
      }
    }
  })
  const fillAll = db.transaction((first: number, last: number) => {
    for (let key = first; key <= last; key++) fill(key)
  })
  for (let key = 1; key <= sessions; key += 100) fillAll(key, Math.min(sessions, key + 99))
  db.close()
}
