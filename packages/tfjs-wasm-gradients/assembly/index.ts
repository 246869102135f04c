/** The exports. Pointers are byte addresses; every kernel that needs scratch memory has a function that says how much. */
export {
  affine, affineBackward, affineBackwardScratch, affineScratch, covariance, covarianceBackward, covarianceBackwardScratch,
  covarianceScratch,
} from './affine'
export { denseBranches, denseBranchesBackward, denseBranchesBackwardScratch, denseBranchesScratch } from './dense-branches'
export {
  depthwiseBranches, depthwiseBranchesBackward, depthwiseBranchesBackwardScratch, depthwiseBranchesScratch,
} from './depthwise-branches'
export { moments, momentsBackward, momentsScratch } from './columns'
export { depthwise, depthwiseBackward, depthwiseBackwardScratch, depthwiseScratch } from './depthwise'
export { convFilter, convFilterScratch } from './conv-filter'
export {
  depthwiseMoments, depthwiseMomentsBackward, depthwiseMomentsBackwardScratch, depthwiseMomentsScratch,
} from './moments'
