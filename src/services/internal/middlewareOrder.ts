import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import type { Middleware } from "../Middleware.js"

/**
 * The order to run in: dependencies first, then the higher priority, then whoever was registered first. A dependency that
 * has been removed since is not waited for; only those of `added` must be there.
 */
export const orderMiddleware = (
  registered: ReadonlyArray<Middleware>,
  added: ReadonlyArray<Middleware>
): Either.Either<ReadonlyArray<Middleware>, ConfigurationError> => {
  const all = [...registered, ...added]
  const names = new Set(all.map(({ name }) => name))
  const problems = [...takenNames(all), ...unknownDependencies(added, names)]
  if (Arr.isNonEmptyReadonlyArray(problems)) return Either.left(new ConfigurationError({ problems }))

  const waiting = all.toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0))
  const ordered: Array<Middleware> = []
  const done = new Set<string>()
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ dependsOn = [] }) =>
      dependsOn.every((name) => done.has(name) || !names.has(name))
    )
    if (next === -1) {
      return Either.left(
        new ConfigurationError({ problems: [`middleware depends on itself: ${circleIn(waiting).join(" -> ")}`] })
      )
    }
    for (const middleware of waiting.splice(next, 1)) {
      ordered.push(middleware)
      done.add(middleware.name)
    }
  }
  return Either.right(ordered)
}

const takenNames = (all: ReadonlyArray<Middleware>): ReadonlyArray<string> =>
  Arr.dedupe(
    all.filter(({ name }, index) => all.findIndex((other) => other.name === name) < index)
      .map(({ name }) => `there are two middleware "${name}"; give one of them another name`)
  )

const unknownDependencies = (added: ReadonlyArray<Middleware>, names: ReadonlySet<string>): ReadonlyArray<string> =>
  added.flatMap(({ dependsOn = [], name }) =>
    dependsOn.filter((dependency) => !names.has(dependency))
      .map((dependency) => `middleware "${name}" depends on "${dependency}", which is not in the pipeline`)
  )

/** Each that waits depends on another that waits, so following them comes back to one seen before. */
const circleIn = (waiting: ReadonlyArray<Middleware>): ReadonlyArray<string> => {
  const path: Array<string> = []
  let current = waiting[0]
  while (current !== undefined && !path.includes(current.name)) {
    path.push(current.name)
    const { dependsOn = [] } = current
    current = waiting.find(({ name }) => dependsOn.includes(name))
  }
  const back = current?.name ?? ""
  return [...path.slice(path.indexOf(back)), back]
}
