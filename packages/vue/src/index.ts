export type { CameraError, CameraFailure } from '@mobileone/sdk/lifecycle'
export { type Camera, type CameraOptions, useCamera } from './use-camera.ts'
export {
  type ClassifierSetup,
  type ClassifierState,
  type CreateClassifier,
  type LoadedClassifier,
  useClassifier,
} from './use-classifier.ts'
export {
  type PredictionOptions,
  type PredictionState,
  type Predictions,
  usePredictions,
} from './use-predictions.ts'
