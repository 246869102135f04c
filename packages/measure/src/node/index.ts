/** The parts that need Node: contenders in processes of their own, the machine, files. */
export { type SubjectFiles, subjectFiles, type Writers } from './files.ts'
export { describeMachine } from './machine.ts'
export type { Job } from './messages.ts'
export { type NodeProcess, openNodeHost, openNodePeaks, startNodeProcess } from './node-host.ts'
export { type NodeLaneOptions, nodeLane } from './node-lane.ts'
