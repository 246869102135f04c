/**
 * `@mobileone/sdk/lifecycle`: a classifier, a camera and predictions as things that a component holds: opened, replaced and
 * closed with it. The bindings for React and Vue are a few lines on these; so is one for another framework.
 */
export type { CameraConstraints, Wished } from './camera-constraints.ts'
export { type CameraOptions, CameraSession, type CameraState, type CameraStatus } from './camera-session.ts'
export { ClassifierSession } from './classifier-session.ts'
export {
  type ClassifierSetup,
  type ClassifierState,
  type CreateClassifier,
  loading,
} from './classifier-state.ts'
export type { CameraError, CameraFailure } from './open-camera.ts'
export {
  type PredictionOptions,
  PredictionSession,
  type PredictionState,
  type PredictionStatus,
} from './prediction-session.ts'
export { Store } from './store.ts'
