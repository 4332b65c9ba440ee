import { isTerminal, type Turn } from "../../../domain/Turn.js"
import type { TurnId } from "../../../domain/TurnId.js"
import type { Failpoint } from "./Failpoint.js"

type CommitPoint = Extract<
  Failpoint,
  "beforeAccept" | "afterAccept" | "beforeCall" | "afterIntent" | "beforeEnd" | "afterEnd" | "inRecovery"
>

interface Known {
  readonly attempt: number
  /** Left by an earlier owner. */
  readonly left: boolean
}

/**
 * Tells which steps of their turns a commit takes, from what it has seen of the turns that are not ended.
 */
export const makeTurnSteps = () => {
  const open = new Map<TurnId, Known>()

  return {
    /** An owner has read that these are open. */
    found: (turns: ReadonlyArray<Turn>): void => {
      for (const { attempt, id } of turns) open.set(id, { attempt, left: true })
    },

    /** The failpoints before and after a commit of these turns. */
    around: (turns: ReadonlyArray<Turn>) => {
      const before = new Set<CommitPoint>()
      const after = new Set<CommitPoint>()
      for (const { attempt, id, status } of turns) {
        const known = open.get(id)
        if (known?.left) {
          before.add("inRecovery")
          after.add("inRecovery")
        }
        if (isTerminal(status)) {
          before.add("beforeEnd")
          after.add("afterEnd")
          continue
        }
        if (known === undefined) {
          before.add("beforeAccept")
          after.add("afterAccept")
        }
        if (attempt > (known?.attempt ?? 0)) {
          before.add("beforeCall")
          after.add("afterIntent")
        }
      }
      return { before, after }
    },

    /** The commit of these turns has happened. */
    committed: (turns: ReadonlyArray<Turn>): void => {
      for (const { attempt, id, status } of turns) {
        if (isTerminal(status)) open.delete(id)
        else open.set(id, { attempt, left: open.get(id)?.left ?? false })
      }
    }
  }
}
