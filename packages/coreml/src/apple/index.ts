export { type AppleRunnerOptions, appleRunner, systemCoremlBackend } from './apple-runner.ts'
