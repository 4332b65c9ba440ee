export * from "./Failpoints.js"
export * as HistoryChecker from "./HistoryChecker.js"
export * from "./SessionManagerContract.js"
export * as SessionStoreConformance from "./SessionStoreConformance.js"
