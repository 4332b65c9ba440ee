import { analyticsCases } from "./internal/sessionManager/analyticsCases.js"
import { branchCases } from "./internal/sessionManager/branchCases.js"
import type { ContractCase } from "./internal/sessionManager/contractCase.js"
import { deadLetterCases } from "./internal/sessionManager/deadLetterCases.js"
import { feedCases } from "./internal/sessionManager/feedCases.js"
import { lifecycleCases } from "./internal/sessionManager/lifecycleCases.js"
import { providerCases } from "./internal/sessionManager/providerCases.js"
import { refusalCases } from "./internal/sessionManager/refusalCases.js"
import { searchCases } from "./internal/sessionManager/searchCases.js"
import { sendCases } from "./internal/sessionManager/sendCases.js"
import { transferCases } from "./internal/sessionManager/transferCases.js"
import { turnCases } from "./internal/sessionManager/turnCases.js"

/**
 * What every `SessionManager` does, wherever it is: the same answers, and the same errors to the same mistakes. Run each
 * case with any test runner. The manager needs a provider `mock` with a model `mock-model` whose replies hold what they
 * reply to.
 */
export const SessionManagerContract: ReadonlyArray<ContractCase> = [
  ...lifecycleCases,
  ...turnCases,
  ...sendCases,
  ...feedCases,
  ...branchCases,
  ...providerCases,
  ...deadLetterCases,
  ...refusalCases,
  ...analyticsCases,
  ...transferCases,
  ...searchCases
]
