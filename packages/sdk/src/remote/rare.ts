export { cannotStart, refuse } from './faults.ts'
export { results } from './remote-lists.ts'
export { bodyOf } from './responses.ts'
export { startOtherwise } from './start-otherwise.ts'
