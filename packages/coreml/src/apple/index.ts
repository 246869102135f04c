export { type AppleRunnerOptions, appleRunner, coremlAppleBackend } from './apple-runner.ts'
