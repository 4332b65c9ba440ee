/**
 * What has been used lately, of what may be without end: once it is full, the entry goes that was used least recently.
 */
export const makeBoundedMap = <Key, Value>(capacity: number) => {
  const entries = new Map<Key, Value>()
  return {
    get: (key: Key): Value | undefined => {
      const value = entries.get(key)
      if (value !== undefined) {
        entries.delete(key)
        entries.set(key, value)
      }
      return value
    },
    set: (key: Key, value: Value): void => {
      entries.delete(key)
      entries.set(key, value)
      for (const oldest of entries.keys()) {
        if (entries.size <= capacity) break
        entries.delete(oldest)
      }
    },
    delete: (key: Key): void => void entries.delete(key)
  }
}
