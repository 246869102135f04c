export { type FashionMnistOptions, fashionMnist } from './fashion-mnist.ts'
export { type ImageFolderOptions, imageFolder } from './image-folder.ts'
