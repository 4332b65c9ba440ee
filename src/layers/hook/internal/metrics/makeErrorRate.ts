/**
 * Watches which share of the latest turns has failed.
 */
export const makeErrorRate = (over: number, limit: number) => {
  const latest: Array<boolean> = []
  let failures = 0
  let isAbove = false

  return {
    /** Answers the rate when this turn has raised it above the limit. */
    add: (failed: boolean): number | undefined => {
      latest.push(failed)
      if (failed) failures += 1
      if (latest.length > over && latest.shift()) failures -= 1
      if (latest.length < over) return undefined
      const rate = failures / latest.length
      const wasAbove = isAbove
      isAbove = rate > limit
      return isAbove && !wasAbove ? rate : undefined
    }
  }
}
