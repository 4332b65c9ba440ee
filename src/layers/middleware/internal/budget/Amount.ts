/**
 * What provider calls use, or may.
 */
export interface Amount {
  /** Input and output together. */
  readonly tokens: number
  /** In billionths of a US dollar. */
  readonly nanoUsd: number
}

export const nothing: Amount = { tokens: 0, nanoUsd: 0 }

export const plus = (one: Amount, other: Amount): Amount => ({
  tokens: one.tokens + other.tokens,
  nanoUsd: one.nanoUsd + other.nanoUsd
})

export const minus = (one: Amount, other: Amount): Amount => ({
  tokens: one.tokens - other.tokens,
  nanoUsd: one.nanoUsd - other.nanoUsd
})
