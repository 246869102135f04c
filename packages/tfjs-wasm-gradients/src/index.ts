export { composedPrimitives, createPrimitives, type Primitives, type Tfjs } from './primitives.ts'
export { registerWasmGradients, shareClones } from './register.ts'
