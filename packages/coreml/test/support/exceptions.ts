import { tokenExceptions } from '@mobileone/conformance'

const unsaid = 'nearest pixels by factors that are not whole, of which Core ML does not say which they are'
/** Cases of the conformance suite that the interpreter of packages does not run, and why. */
export const exceptions = {
  ...tokenExceptions('not written yet'),
  batchNorm: 'packages hold folded models: reparameterize first',
  'upsample: generated shapes': unsaid,
  'a feature pyramid: pooled, upsampled and added to the larger map': unsaid,
}
