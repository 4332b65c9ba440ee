import type { AlertRule } from "./AlertRule.js"

const maxCount = 10_000

/**
 * What is wrong with rules, in words.
 */
export const ruleProblems = (rules: ReadonlyArray<AlertRule>): ReadonlyArray<string> => {
  const names = rules.map(({ name }) => name)
  return [
    ...names.filter((name, index) => names.indexOf(name) < index)
      .map((name) => `there are two rules "${name}"; give one of them another name`),
    ...rules.filter(({ threshold }) => threshold !== undefined && !isCount(threshold.count))
      .map(({ name }) => `the threshold of rule "${name}" must be a whole number from 1 to ${maxCount}`)
  ]
}

const isCount = (count: number): boolean => Number.isSafeInteger(count) && count >= 1 && count <= maxCount
