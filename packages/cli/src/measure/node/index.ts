/** The parts of the harness that need Node: contenders in processes of their own, the machine, files. */
export * from './files.ts'
export * from './machine.ts'
export type { Job } from './messages.ts'
export * from './process.ts'
