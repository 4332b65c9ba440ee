import { analyticsCases } from "./internal/sessionStore/analyticsCases.js"
import { commitCases } from "./internal/sessionStore/commitCases.js"
import { contextCases } from "./internal/sessionStore/contextCases.js"
import { deadLetterCases } from "./internal/sessionStore/deadLetterCases.js"
import { eventCases } from "./internal/sessionStore/eventCases.js"
import { expiringCases } from "./internal/sessionStore/expiringCases.js"
import { exportCases } from "./internal/sessionStore/exportCases.js"
import { footprintCases } from "./internal/sessionStore/footprintCases.js"
import { forkCases } from "./internal/sessionStore/forkCases.js"
import { historyCases } from "./internal/sessionStore/historyCases.js"
import { idCases } from "./internal/sessionStore/idCases.js"
import { lifecycleCases } from "./internal/sessionStore/lifecycleCases.js"
import { listCases } from "./internal/sessionStore/listCases.js"
import { ownershipCases } from "./internal/sessionStore/ownershipCases.js"
import { pageSizeCases } from "./internal/sessionStore/pageSizeCases.js"
import { providerCases } from "./internal/sessionStore/providerCases.js"
import { restoreCases } from "./internal/sessionStore/restoreCases.js"
import { rewindCases } from "./internal/sessionStore/rewindCases.js"
import { searchCases } from "./internal/sessionStore/searchCases.js"
import type { ConformanceCase, SurvivalCase } from "./internal/sessionStore/suite.js"
import { survivalCases } from "./internal/sessionStore/survivalCases.js"
import { turnCases } from "./internal/sessionStore/turnCases.js"

/**
 * The promises of every `SessionStore`, one case each, for any test runner. A store conforms when each `run` succeeds with the store
 * provided. Run them sequentially. They can share a store, also one that has been used before; it needs room for 1,000 sessions,
 * which the cases leave behind.
 */
export const cases: ReadonlyArray<ConformanceCase> = [
  ...lifecycleCases,
  ...listCases,
  ...historyCases,
  ...pageSizeCases,
  ...idCases,
  ...forkCases,
  ...rewindCases,
  ...contextCases,
  ...turnCases,
  ...providerCases,
  ...eventCases,
  ...deadLetterCases,
  ...commitCases,
  ...ownershipCases,
  ...expiringCases,
  ...exportCases,
  ...restoreCases,
  ...footprintCases,
  ...analyticsCases,
  ...searchCases
]

/**
 * Further promises of a store that outlives its process: run each `write`, close the store, open it again, and run each `read` with
 * the result of its `write`.
 */
export const survival: ReadonlyArray<SurvivalCase> = survivalCases

export type { ConformanceCase, SurvivalCase }
