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
 * The behavior of every `SessionManager`, local or remote: the same results, and the same errors for the same mistakes. Run each
 * case with any test runner. The manager needs a provider `mock` with a model `mock-model` whose replies contain the message they
 * answer.
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
