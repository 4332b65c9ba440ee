/**
 * Allows `burst` calls at once and `perSecond` after that.
 */
export class TokenBucket {
  #tokens: number
  #filledAt: number

  constructor(readonly burst: number, readonly perSecond: number, now: number) {
    this.#tokens = burst
    this.#filledAt = now
  }

  /** Takes a token. Returns 0, or the milliseconds until there is one. */
  take(now: number): number {
    this.#fill(now)
    if (this.#tokens < 1) return Math.max(1, Math.ceil(((1 - this.#tokens) * 1000) / this.perSecond))
    this.#tokens -= 1
    return 0
  }

  isFull(now: number): boolean {
    this.#fill(now)
    return this.#tokens >= this.burst
  }

  #fill(now: number) {
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#filledAt) * this.perSecond) / 1000)
    this.#filledAt = now
  }
}
