export { cannotStart, refuse } from './faults.ts'
export { toSendRarely } from './rarely-sent.ts'
export { results } from './remote-lists.ts'
export { startOtherwise } from './start-otherwise.ts'
