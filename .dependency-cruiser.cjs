const mayImport = {
  domain: [],
  services: ["domain"],
  layers: ["domain", "services"],
  rpc: ["domain", "services"],
  client: ["domain", "services", "rpc"],
  promise: ["domain", "services", "layers"],
  store: ["domain", "services"],
  provider: ["domain", "services"],
  registry: ["domain", "services", "layers"],
  testing: ["domain", "services", "layers"]
}

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no-circular", severity: "error", from: {}, to: { circular: true } },
    {
      name: "one-store-or-provider-never-imports-another",
      severity: "error",
      from: { path: "^src/layers/(store|provider|middleware|hook|host)/([^/]+)\\.ts$" },
      to: { path: "^src/layers/[^/]+/[^/]+\\.ts$", pathNot: "^src/layers/$1/$2\\.ts$" }
    },
    {
      name: "no-barrel-inside",
      severity: "error",
      from: { path: "^src/[^/]+/" },
      to: { path: "^src/[^/]+/index\\.ts$" }
    },
    {
      name: "client-sees-the-contract-only",
      severity: "error",
      from: { path: "^src/client/" },
      to: { path: "^src/rpc/", pathNot: "^src/rpc/(SessionRpcs|Authentication|ImportPart)\\.ts$" }
    },
    ...Object.entries(mayImport).map(([folder, allowed]) => ({
      name: `${folder}-boundary`,
      severity: "error",
      from: { path: `^src/${folder}/` },
      to: { path: "^src/", pathNot: [folder, ...allowed].map((name) => `^src/${name}/`) }
    }))
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true
  }
}
