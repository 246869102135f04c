export type { Branches, BranchOptions, BranchShape } from './branch-shape.ts'
export { createBranches } from './branches.ts'
export { composedPrimitives, createPrimitives, type Primitives, type Tfjs } from './primitives.ts'
export { registerWasmGradients, shareClones } from './register.ts'
