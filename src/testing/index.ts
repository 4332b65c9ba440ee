export { Failpoint, type FailpointErrors, Failpoints, type Pause } from "./Failpoints.js"
export * as HistoryChecker from "./HistoryChecker.js"
export { SessionManagerContract } from "./SessionManagerContract.js"
export * as SessionStoreConformance from "./SessionStoreConformance.js"
