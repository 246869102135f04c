export { type Branches, type BranchOptions, type BranchShape, createBranches } from './branches.ts'
export { composedPrimitives, createPrimitives, type Primitives, type Tfjs } from './primitives.ts'
export { registerWasmGradients, shareClones } from './register.ts'
