import type { MobileOneError, Progress } from '@mobileone/core'
import type { Classifier, ClassifierOptions } from '../classifier.ts'

/** What makes a classifier: `createClassifier`, or `createWorkerClassifier` of `@mobileone/sdk/worker`. It must settle when its signal is aborted. */
export type CreateClassifier<Options> = (options: Options) => Promise<Classifier>

/** The options of the classifier, and how it is made. */
export type ClassifierSetup<Options extends object = ClassifierOptions> = Omit<Options, 'signal'> & {
  /** Default: `createClassifier`, loaded when it is needed. */
  readonly create?: CreateClassifier<Options>
  /** Another value of it loads anew where nothing else tells options apart: functions and backends are not compared. */
  readonly key?: string | number
}

/** How far a classifier is; `error` has a code. */
export type ClassifierState =
  | {
      readonly status: 'idle'
      readonly progress: undefined
      readonly classifier: undefined
      readonly error: undefined
    }
  | {
      readonly status: 'loading'
      readonly progress: Progress | undefined
      readonly classifier: undefined
      readonly error: undefined
    }
  | {
      readonly status: 'ready'
      readonly progress: undefined
      readonly classifier: Classifier
      readonly error: undefined
    }
  | {
      readonly status: 'error'
      readonly progress: undefined
      readonly classifier: undefined
      readonly error: MobileOneError
    }

/** No classifier is asked for. */
export const idle: ClassifierState = {
  status: 'idle',
  progress: undefined,
  classifier: undefined,
  error: undefined,
}

/** The state of a classifier that is asked for and has not begun to load. */
export const loading: ClassifierState = { ...idle, status: 'loading' }
