import * as Iterable from "effect/Iterable"
import { type Amount, minus, nothing, plus } from "./Amount.js"

interface Account {
  reservations: number
  reserved: Amount
  /** How many are reading at this moment what the store has. */
  readers: number
  /** What was settled since the first of them began: they may have missed it in the store. */
  settled: Amount
  /** What the store does not tell, by the slice of time it was used in. */
  readonly counted: Map<number, Amount>
}

/**
 * What is spoken for of one budget, beside what the store says is used: by key, for as many as have something open or
 * counted. What was counted `slices` slices ago does not count any more. Of more than `maxKeys` those that have nothing
 * reserved are forgotten, the oldest first.
 */
export const makeAccounts = (slices: number, maxKeys: number) => {
  const accounts = new Map<string, Account>()

  const at = (key: string): Account => {
    const known = accounts.get(key)
    if (known) return known
    const account = { reservations: 0, reserved: nothing, readers: 0, settled: nothing, counted: new Map() }
    accounts.set(key, account)
    return account
  }

  const prune = ({ counted }: Account, slice: number): void => {
    for (const old of counted.keys()) if (old <= slice - slices) counted.delete(old)
  }

  const isOpen = ({ readers, reservations }: Account) => readers > 0 || reservations > 0

  /** Looks at the two that were looked at longest ago, so that all are in time, and no call takes long. */
  const tidy = (slice: number): void => {
    for (const [key, account] of Array.from(Iterable.take(accounts, 2))) {
      accounts.delete(key)
      prune(account, slice)
      if (isOpen(account) || (account.counted.size > 0 && accounts.size < maxKeys)) accounts.set(key, account)
    }
  }

  return {
    /** To be told before the store is read, and `leave` after that. */
    enter: (key: string): void => void at(key).readers++,
    leave: (key: string): void => {
      const account = at(key)
      account.readers--
      if (account.readers === 0) account.settled = nothing
      if (!isOpen(account) && account.counted.size === 0) accounts.delete(key)
    },

    /** All that is to be added to what the store said. */
    spokenFor: (key: string, slice: number): Amount => {
      const account = at(key)
      prune(account, slice)
      return [...account.counted.values()].reduce(plus, plus(account.reserved, account.settled))
    },

    reserve: (key: string, amount: Amount): void => {
      const account = at(key)
      account.reservations++
      account.reserved = plus(account.reserved, amount)
    },

    release: (key: string, amount: Amount): void => {
      const account = at(key)
      account.reservations--
      account.reserved = minus(account.reserved, amount)
    },

    /** `stored` is what whoever reads the store from now on finds there; `counted` what nobody does. */
    settle: (key: string, slice: number, stored: Amount, counted: Amount): void => {
      const account = at(key)
      if (account.readers > 0) account.settled = plus(account.settled, stored)
      if (counted.tokens > 0 || counted.nanoUsd > 0) {
        account.counted.set(slice, plus(account.counted.get(slice) ?? nothing, counted))
      }
      tidy(slice)
    },

    size: (): number => accounts.size
  }
}
