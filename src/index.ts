export * from "./domain/index.js"
export * from "./layers/index.js"
export * from "./services/index.js"
