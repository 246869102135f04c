export * from '@mobileone/core'
export * from '../src/index.ts'
