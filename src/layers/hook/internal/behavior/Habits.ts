/**
 * How long a user's messages are: their number, their mean, and the sum of the squares of what they differ from it by.
 */
export interface Habits {
  readonly count: number
  readonly mean: number
  readonly squares: number
}

export const noHabits: Habits = { count: 0, mean: 0, squares: 0 }

const seenEnough = 20
const neverUnusual = 1000

/**
 * Welford's method: one message at a time, without the ones before.
 */
export const withLength = ({ count, mean, squares }: Habits, length: number): Habits => {
  const difference = length - mean
  const next = mean + difference / (count + 1)
  return { count: count + 1, mean: next, squares: squares + difference * (length - next) }
}

/**
 * Answers the limit that a message of this length goes beyond, if it does.
 */
export const exceeds = (
  { count, mean, squares }: Habits,
  length: number,
  deviations: number
): number | undefined => {
  if (count < seenEnough) return undefined
  const limit = Math.max(neverUnusual, Math.round(mean + deviations * Math.sqrt(squares / count)))
  return length > limit ? limit : undefined
}
