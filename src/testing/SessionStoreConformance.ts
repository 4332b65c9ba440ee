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
import { providerCases } from "./internal/sessionStore/providerCases.js"
import { restoreCases } from "./internal/sessionStore/restoreCases.js"
import { rewindCases } from "./internal/sessionStore/rewindCases.js"
import { searchCases } from "./internal/sessionStore/searchCases.js"
import type { ConformanceCase, SurvivalCase } from "./internal/sessionStore/suite.js"
import { survivalCases } from "./internal/sessionStore/survivalCases.js"
import { turnCases } from "./internal/sessionStore/turnCases.js"

/**
 * What every `SessionStore` promises, one case a promise, for any test runner: a store is done when each `run` succeeds
 * with the store provided. Run them one after the other. They may share a store, which may have been used before and must
 * have room for 1,000 sessions; those they make stay there.
 */
export const cases: ReadonlyArray<ConformanceCase> = [
  ...lifecycleCases,
  ...listCases,
  ...historyCases,
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
 * What a store that outlives its process promises beside: run each `write`, close the store, open it again, and run each
 * `read` with what its `write` answered.
 */
export const survival: ReadonlyArray<SurvivalCase> = survivalCases

export type { ConformanceCase, SurvivalCase }
