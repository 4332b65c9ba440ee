export * from "./Failpoints.js"
export * from "./SessionManagerContract.js"
export * as SessionStoreConformance from "./SessionStoreConformance.js"
