export { type FashionMnistOptions, fashionMnist } from './fashion-mnist.ts'
export { type ImageFolderOptions, imageFolder } from './image-folder.ts'
export { type ParallelOptions, parallelEngine } from './parallel.ts'
export { type StartTfjsOptions, startTfjs, type TrainingBackend } from './tfjs.ts'
