/** Keys of `userDefined` in the metadata, which Core ML keeps and shows and does not read. */
export const metadataKeys = {
  name: 'com.mobileone.name',
  source: 'com.mobileone.source',
  preprocess: 'com.mobileone.preprocess',
  precision: 'com.mobileone.precision',
  labels: 'com.mobileone.labels',
  names: 'com.mobileone.names',
  outputs: 'com.mobileone.outputs',
} as const
