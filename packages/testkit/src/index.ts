export * from './chromium.ts'
export * from './golden.ts'
export * from './server.ts'
