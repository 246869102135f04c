/** The exports. Pointers are byte addresses; every kernel that needs scratch memory has a function that says how much. */
export {
  affine, affineBackward, affineBackwardScratch, affineScratch, gram, gramBackward, gramBackwardScratch, gramScratch,
} from './affine'
export { sums, sumsBackward } from './columns'
export { depthwise, depthwiseBackward, depthwiseBackwardScratch, depthwiseScratch } from './depthwise'
export { convFilter, convFilterScratch } from './conv-filter'
export { depthwiseSums, depthwiseSumsBackward, depthwiseSumsBackwardScratch, depthwiseSumsScratch } from './moments'
