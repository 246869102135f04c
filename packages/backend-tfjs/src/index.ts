export type { Tfjs } from './library.ts'
export { type TfjsBackendName, type TfjsOptions, tfjs } from './tfjs.ts'
export { type TfjsModel, toTfjs } from './to-tfjs.ts'
