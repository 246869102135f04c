/** The worker of `createWorkerClassifier`, as a file of its own. */
import { serveClassifier } from './serve.ts'

serveClassifier()
